"""Where a redirect may lead: home, to listed hosts, and never from https to http."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.airflow

HTTPS, HTTP = "https://api.example", "http://api.example"
HOSTS = (".amazonaws.com", "files.example", "cdn.example:8443")


@pytest.mark.parametrize(
    "target,at,root,expected",
    [
        ("https://s3.eu-west-1.amazonaws.com/b/70?sig=1", HTTPS, HTTPS, True),
        ("https://bucket.s3.amazonaws.com/70", HTTPS, HTTPS, True),
        ("https://BUCKET.S3.AmazonAWS.com/70", HTTPS, HTTPS, True),
        ("https://bucket.s3.amazonaws.com:8443/70", HTTPS, HTTPS, True),
        ("https://amazonaws.com/70", HTTPS, HTTPS, False),
        ("https://evilamazonaws.com/70", HTTPS, HTTPS, False),
        ("https://s3.amazonaws.com.evil.example/70", HTTPS, HTTPS, False),
        ("https://s3.amazonaws.com@evil.example/70", HTTPS, HTTPS, False),
        ("http://s3.amazonaws.com/70", HTTPS, HTTPS, False),
        ("http://s3.amazonaws.com/70", HTTP, HTTP, False),
        ("https://files.example/x", HTTPS, HTTPS, True),
        ("https://files.example:444/x", HTTPS, HTTPS, True),
        ("https://sub.files.example/x", HTTPS, HTTPS, False),
        ("http://files.example/x", HTTPS, HTTPS, False),
        ("http://files.example/x", HTTP, HTTP, True),
        ("http://files.example/x", "https://files.example/y", HTTP, False),
        ("https://cdn.example:8443/x", HTTPS, HTTPS, True),
        ("https://cdn.example/x", HTTPS, HTTPS, False),
        ("https://api.example/x", HTTPS, HTTPS, True),
        ("http://api.example/x", HTTPS, HTTPS, False),
        ("https://api.example/x", HTTP, HTTP, True),
        ("http://api.example/x", "https://api.example/y", HTTP, False),
        ("ftp://files.example/x", HTTP, HTTP, False),
        ("https://[", HTTPS, HTTPS, False),
        ("//", HTTPS, HTTPS, False),
    ],
)
def test_a_redirect_is_followed_to_listed_hosts_and_never_from_https_to_http(
    target: str,
    at: str,
    root: str,
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    """A leading dot means the subdomains of a domain, over https alone."""
    from gapfill.sources.http.redirects import may_lead

    assert may_lead(target, at=at, root=root, hosts=HOSTS) is expected


def test_a_call_with_nothing_listed_stays_at_home() -> None:
    """Whatever the place looks like."""
    from gapfill.sources.http.redirects import may_lead

    assert not may_lead("https://s3.amazonaws.com/70", at=HTTPS, root=HTTPS, hosts=())
    assert may_lead("https://api.example/x", at=HTTPS, root=HTTPS, hosts=())


def test_the_archive_may_lead_to_its_storage_provider() -> None:
    """Without any setting."""
    from gapfill.sources.esios.hook import ARCHIVE_HOSTS
    from gapfill.sources.http.redirects import may_lead

    target = "https://esios-archives.s3.eu-west-1.amazonaws.com/70?X-Amz-Signature=1"
    assert may_lead(target, at=HTTPS, root=HTTPS, hosts=ARCHIVE_HOSTS)
