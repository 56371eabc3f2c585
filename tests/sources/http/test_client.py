"""Redirects, statuses, pace and silence: what holds for every API."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import (
    AuthRejected,
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from gapfill.sources.model import HttpRequest
from tests.sources.http.raw_server import RawServer, reply
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill.sources.http.hook import ApiHook
    from gapfill.sources.json_reader import Payload
    from gapfill.sources.model import Answer, Ask

pytestmark = pytest.mark.airflow

SECRET = "s3cret-t0ken/+"
HERE = ("127.0.0.1",)
REQUEST = HttpRequest("/v1/data", (("day", "2025-11-05T00:00"),))


@pytest.fixture
def hook(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> ApiHook:
    """Return a hook whose connection leads to the server and carries a key."""
    from gapfill.sources.http.hook import ApiHook

    class SomeHook(ApiHook):
        default_conn_name = "some_api"
        hook_name = "Some API"
        source = "some"
        public_host = "https://api.example"
        probe = REQUEST

        def fetch(self, _ask: Ask) -> Answer:
            raise NotImplementedError

    extra = {"one_call": True, "timeout": patient(2)}
    text = server.connection(password=SECRET, login="a-login", extra=extra)
    monkeypatch.setenv("AIRFLOW_CONN_SOME_API", text)
    return SomeHook()


def _with_key(hook: ApiHook) -> Payload:
    from gapfill.sources.http.client import ApiCall

    call = ApiCall(REQUEST, headers={"x-api-key": hook.key}, secret_params=(("appid", hook.key),))
    return hook.call(call)


def _keyless(hook: ApiHook) -> Payload:
    from gapfill.sources.http.client import ApiCall

    return hook.call(ApiCall(REQUEST, leads_to=HERE))


def _told(exc: BaseException) -> str:
    """Return all that a traceback or a look at the chain could show."""
    links: list[BaseException] = [exc]
    for link in links:
        links += [e for e in (link.__cause__, link.__context__) if e and e not in links]
    whole = "".join(traceback.TracebackException.from_exception(exc).format())
    return whole + "".join(f"{link!r} {link} {vars(link)}" for link in links)


def test_a_call_sends_what_it_says_and_no_more(hook: ApiHook, server: RawServer) -> None:
    """No extras as headers, no Basic auth from the login."""
    server.answers = [reply(200, b"{}")]
    assert _with_key(hook).body == b"{}"
    (received,) = server.received
    assert received.path == "/v1/data?day=2025-11-05T00%3A00&appid=s3cret-t0ken%2F%2B"
    assert received.headers["x-api-key"] == SECRET
    assert {"authorization", "one_call", "timeout", "cookie"}.isdisjoint(received.headers)


def test_a_path_prefix_of_the_host_is_kept(
    hook: ApiHook, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API may stand behind a gateway."""
    monkeypatch.setenv("AIRFLOW_CONN_SOME_API", server.connection(host=f"{server.url}/gate/"))
    server.answers = [reply(200)]
    _keyless(hook)
    assert server.received[0].path.startswith("/gate/v1/data?")


STATUSES: list[tuple[int, type[SourceError], str]] = [
    (401, AuthRejected, r"key of connection 'some_api' \(AIRFLOW_CONN_SOME_API\) was refused"),
    (403, AuthRejected, r"put a valid one into its password"),
    (429, RateLimited, "may be asked again in 60 s"),
    (500, SourceUnavailable, "answered HTTP 500: 'Oops'"),
    (503, SourceUnavailable, "answered HTTP 503"),
    (408, SourceUnavailable, "answered HTTP 408"),
    (400, MalformedPayload, "answered HTTP 400: 'Oops'"),
    (404, MalformedPayload, "answered HTTP 404"),
    (304, MalformedPayload, "answered HTTP 304"),
]


@pytest.mark.parametrize("status,kind,words", STATUSES, ids=[str(s) for s, _, _ in STATUSES])
def test_each_status_is_one_error(
    hook: ApiHook, server: RawServer, status: int, kind: type[SourceError], words: str
) -> None:
    """Each leaf of the tree is one action of the retry policy."""
    server.answers = [reply(status, b"Oops" if status != 304 else b"")]
    with pytest.raises(kind, match=words) as caught:
        _with_key(hook)
    assert type(caught.value) is kind
    assert caught.value.source == "some"


def test_a_refusal_without_credentials_does_not_blame_a_key(
    hook: ApiHook, server: RawServer
) -> None:
    """A block of the address looks like a bad key, and is mended elsewhere."""
    server.answers = [reply(403, b"Forbidden")]
    with pytest.raises(RateLimited, match="without credentials was refused") as caught:
        _keyless(hook)
    assert "AIRFLOW_CONN_SOME_API" in str(caught.value)


def test_a_status_of_which_the_source_knows_what_it_says_is_no_error(
    hook: ApiHook, server: RawServer
) -> None:
    """REE says "no data" with 502."""
    from gapfill.sources.http.client import ApiCall

    server.answers = [reply(502, b"no data")]

    def read(payload: Payload) -> str | None:
        return "nothing" if (payload.status, payload.body) == (502, b"no data") else None

    payload, said = hook.send(ApiCall(REQUEST), None, read)
    assert (payload.status, said) == (502, "nothing")
    server.answers = [reply(502, b"another")]
    with pytest.raises(SourceUnavailable, match="answered HTTP 502: 'another'"):
        hook.send(ApiCall(REQUEST), None, read)


def test_a_refusal_names_how_long_to_wait(hook: ApiHook, server: RawServer) -> None:
    """As the server says it."""
    server.answers = [reply(429, b"", Retry_After="17")]
    with pytest.raises(RateLimited) as caught:
        _keyless(hook)
    assert caught.value.retry_after == 17


def test_a_body_of_20_mb_is_malformed(hook: ApiHook, server: RawServer) -> None:
    """No answer of these APIs comes near 5 MB."""
    server.answers = [reply(200, b" " * 20_000_000)]
    with pytest.raises(MalformedPayload, match="larger than 5000000 bytes"):
        _keyless(hook)
    server.answers = [reply(500, b" " * 20_000_000)]
    with pytest.raises(SourceUnavailable):
        _keyless(hook)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_without_credentials(
    hook: ApiHook, server: RawServer, status: int
) -> None:
    """Never a key to the second hop, wherever it is."""
    server.answers = [reply(status, Location="/v2/data?x=1"), reply(200, b"here")]
    assert _with_key(hook).body == b"here"
    assert server.received[1].path == "/v2/data?x=1"
    assert SECRET not in server.received[1].raw
    assert "x-api-key" not in server.received[1].headers


def test_a_redirect_to_another_host_is_not_followed(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """It is the host that is wrong, not one answer: SourceUnavailable defers the rest."""
    server.answers = [reply(307, Location=f"{elsewhere.url}/data")]
    elsewhere.answers = [reply(200, b"{}")]
    with pytest.raises(SourceUnavailable, match=f"redirected to {elsewhere.url}, which is not"):
        _with_key(hook)
    assert elsewhere.received == []


def test_a_call_with_credentials_never_leaves_even_if_it_says_so(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """The two do not go together."""
    from gapfill.sources.http.client import ApiCall

    server.answers = [reply(307, Location=f"{elsewhere.url}/data")]
    with pytest.raises(SourceUnavailable, match="not followed"):
        hook.call(ApiCall(REQUEST, headers={"x-api-key": hook.key}, leads_to=HERE))
    assert elsewhere.received == []


def test_a_keyless_call_may_be_sent_elsewhere_and_takes_nothing_along(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """What the second host really receives: a path, a host, our name."""
    server.answers = [reply(307, b"", Location=f"{elsewhere.url}/file?sig=1", Set_Cookie="a=b")]
    elsewhere.answers = [reply(200, b"file")]
    assert _keyless(hook).body == b"file"
    (received,) = elsewhere.received
    assert received.path == "/file?sig=1"
    assert sorted(received.headers) == [
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
    ]
    assert SECRET not in received.raw


@pytest.mark.parametrize(
    "target",
    [
        "ftp://files.example/x",
        "https://me:pass@files.example/x",
        "file:///etc/passwd",
        "http://[",
        "http://files.example:99999/",
    ],
)
def test_a_redirect_to_what_is_no_plain_web_address_is_not_followed(
    hook: ApiHook, server: RawServer, target: str
) -> None:
    """Not even for a keyless call."""
    server.answers = [reply(307, Location=target)]
    with pytest.raises(SourceUnavailable, match="is not followed"):
        _keyless(hook)


@pytest.mark.parametrize(
    "leads_to", [(), ("localhost",), ("27.0.0.1",), (".0.0.1",), ("127.0.0.1:1",)]
)
def test_a_keyless_call_is_sent_to_listed_hosts_alone(
    hook: ApiHook, server: RawServer, elsewhere: RawServer, leads_to: tuple[str, ...]
) -> None:
    """By their whole name, and their port where one is given."""
    from gapfill.sources.http.client import ApiCall

    server.answers = [reply(307, Location=f"{elsewhere.url}/data")]
    elsewhere.answers = [reply(200, b"{}")]
    with pytest.raises(SourceUnavailable, match=f"redirected to {elsewhere.url}, which is not"):
        hook.call(ApiCall(REQUEST, leads_to=leads_to))
    assert elsewhere.received == []
    listed = f"127.0.0.1:{elsewhere.port}"
    assert hook.call(ApiCall(REQUEST, leads_to=(listed,))).body == b"{}"


def test_a_redirect_that_takes_the_key_along_is_not_followed(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """A server may echo what it was sent."""
    _ = hook.access
    server.answers = [reply(307, Location=f"{elsewhere.url}/?appid=s3cret-t0ken%2F%2B")]
    with pytest.raises(SourceUnavailable, match="is not followed") as caught:
        _keyless(hook)
    assert elsewhere.received == []
    assert "s3cret" not in _told(caught.value)


def test_redirects_end(hook: ApiHook, server: RawServer) -> None:
    """A loop is no answer."""
    server.answers = [reply(302, Location="/again")]
    with pytest.raises(SourceUnavailable, match="redirected more than 3 times"):
        _keyless(hook)
    assert len(server.received) == 4


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_behind_a_foreign_redirect_says_nothing_of_our_key(
    hook: ApiHook, server: RawServer, elsewhere: RawServer, status: int
) -> None:
    """S3 answers 403 for an expired link."""
    server.answers = [reply(307, Location=f"{elsewhere.url}/file")]
    elsewhere.answers = [reply(status, b"<Error/>")]
    with pytest.raises(SourceUnavailable, match=f"another host, which answered HTTP {status}"):
        _keyless(hook)


def test_before_call_runs_before_each_request_to_the_api(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """Hops on the API's host count against its rate, those elsewhere do not."""
    sent: list[int] = []
    hook._before_call = lambda _records: sent.append(len(server.received))
    server.answers = [reply(302, Location="/b"), reply(302, Location=f"{elsewhere.url}/c")]
    elsewhere.answers = [reply(200)]
    _keyless(hook)
    assert sent == [0, 1]


def test_what_before_call_raises_stops_the_call(hook: ApiHook, server: RawServer) -> None:
    """A spent quota, or a store that cannot note the call: nothing is sent."""

    def refuse(_records: int) -> None:
        message = "spent"
        raise RateLimited(message, source="some", retry_after=86400)

    hook._before_call = refuse
    with pytest.raises(RateLimited, match="spent"):
        _keyless(hook)
    assert server.received == []


def test_a_link_of_an_answer_is_followed_only_home(
    hook: ApiHook, server: RawServer, elsewhere: RawServer
) -> None:
    """AEMET names the second hop in the first one's body."""
    from gapfill.sources.http.client import ApiCall

    server.answers = [reply(200, b"rows")]
    assert hook.call(ApiCall(HttpRequest(f"{server.url}/sh/1"))).body == b"rows"
    with pytest.raises(SourceUnavailable, match="names a link to"):
        hook.call(ApiCall(HttpRequest(f"{elsewhere.url}/sh/1")))
    with pytest.raises(SourceUnavailable, match="a non-HTTP address"):
        hook.call(ApiCall(HttpRequest("sh/1")))
    assert elsewhere.received == []


def _say(body: bytes) -> Callable[[RawServer, RawServer], bytes]:
    return lambda _, __: body


LEAKS: dict[str, Callable[[RawServer, RawServer], bytes]] = {
    "echo in a 401": _say(reply(401, b"Invalid API key: " + SECRET.encode())),
    "echo in a 500": _say(reply(500, b"GET /v1?appid=s3cret-t0ken%2F%2B failed " * 20)),
    "echo in a 404": _say(reply(404, b'{"key": "s3cret-t0ken/+"}')),
    "reset": _say(b""),
    "foreign redirect": lambda _, there: reply(307, Location=f"{there.url}/?appid={SECRET}"),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_key_shows_in_no_error_and_no_log(
    hook: ApiHook,
    server: RawServer,
    elsewhere: RawServer,
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    """Not in the message, the chain, the attributes, or a line at any level."""
    caplog.set_level(logging.DEBUG)
    server.answers = [LEAKS[case](server, elsewhere)]
    with pytest.raises(SourceError) as caught:
        _with_key(hook)
    told = _told(caught.value) + caplog.text + repr(hook.access) + repr(vars(caught.value))
    assert "s3cret-t0ken" not in told
    assert elsewhere.received == []
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_key_in_an_answer_is_blotted_out_before_it_is_parsed(
    hook: ApiHook, server: RawServer
) -> None:
    """So it gets into no evidence, no ledger and no report either."""
    server.answers = [reply(200, b'{"you": "s3cret-t0ken/+", "or": "s3cret-t0ken%2F%2B"}')]
    assert _with_key(hook).body == b'{"you": "***", "or": "***"}'


def test_a_token_got_on_the_way_can_be_hidden(hook: ApiHook, server: RawServer) -> None:
    """SIAR gives one, and an encrypted password before that."""
    hook.hide("token-of-the-day", None, "abc")
    server.answers = [reply(200, b"token-of-the-day abc")]
    assert _keyless(hook).body == b"*** abc"


def test_a_call_is_one_line_in_the_log(
    hook: ApiHook, server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Method, path, status, bytes, milliseconds; no header, key or body."""
    caplog.set_level(logging.INFO)
    server.answers = [reply(200, b"body-text")]
    _with_key(hook)
    server.answers = [b""]
    with pytest.raises(SourceUnavailable):
        _with_key(hook)
    lines = [r for r in caplog.records if r.name == "gapfill.sources.http.client"]
    first, second = (record.getMessage() for record in lines)
    shown = "some GET /v1/data?day=2025-11-05T00:00: "
    assert first.startswith(f"{shown}HTTP 200, 9 bytes, ")
    assert second.startswith(f"{shown}the connection was reset after ")
    assert "%s" in str(lines[0].msg)


def test_repr_of_a_call_holds_no_credentials() -> None:
    """It may end up in a message of pytest or Airflow."""
    from gapfill.sources.http.client import ApiCall

    call = ApiCall(REQUEST, headers={"x-api-key": SECRET}, secret_params=(("appid", SECRET),))
    assert SECRET not in repr(call)


def test_the_constructor_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow builds hooks when it parses DAGs."""
    from gapfill.sources.ree.hook import ReeHook

    def fail(*_: object) -> None:
        message = "looked up"
        raise AssertionError(message)

    monkeypatch.setattr(ReeHook, "get_connection", fail)
    monkeypatch.setattr("requests.Session.__init__", fail)
    hook = ReeHook("other_id")
    assert hook.http_conn_id == "other_id"


def test_the_session_is_built_once(hook: ApiHook) -> None:
    """And knows nothing of the connection."""
    assert hook.get_conn() is hook.get_conn()
    assert "one_call" not in hook.get_conn().headers


def test_there_is_no_other_way_to_call(hook: ApiHook) -> None:
    """``HttpHook.run`` keeps no pace, hides no key and knows no end."""
    assert not hasattr(hook, "run")
    assert (hook.conn_type, hook.conn_name_attr) == ("http", "http_conn_id")


@pytest.mark.parametrize("password", ["", "contraseña-secreta"], ids=["none", "no ASCII"])
def test_a_key_that_lacks_or_cannot_be_sent_is_a_config_error(
    hook: ApiHook, server: RawServer, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """The message shows how to set it."""
    monkeypatch.setenv("AIRFLOW_CONN_SOME_API", server.connection(password=password))
    with pytest.raises(ConfigError, match="AIRFLOW_CONN_SOME_API=") as caught:
        _ = hook.key
    assert "secreta" not in str(caught.value)


def test_the_connection_can_be_tested(hook: ApiHook, server: RawServer) -> None:
    """One small call, and a sentence either way."""
    server.answers = [reply(200, b"{}"), reply(401)]
    assert hook.test_connection() == (True, f"some answered HTTP 200 at {server.url}.")
    is_fine, words = hook.test_connection()
    assert not is_fine
    assert "AIRFLOW_CONN_SOME_API" in words
    assert server.received[0].path == "/v1/data?day=2025-11-05T00%3A00"


@pytest.mark.parametrize("name", ["ree", "esios", "aemet"])
def test_every_hook_has_airflows_four_attributes(name: str) -> None:
    """So that Airflow and its users find the connection."""
    import importlib

    module = importlib.import_module(f"gapfill.sources.{name}.hook")
    hook = getattr(module, f"{name.capitalize()}Hook")
    assert (hook.conn_name_attr, hook.conn_type) == ("http_conn_id", "http")
    assert hook.default_conn_name == f"{name}_default"
    assert hook.hook_name
