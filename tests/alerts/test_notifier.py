"""One message through Apprise: sent, refused, or only logged; never with the service's URL."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from gapfill.alerts.incidents import Message, Tone
from gapfill.errors import ConfigError
from tests.alerts.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.alerts.receiver import Receiver

pytestmark = pytest.mark.airflow

MESSAGE = Message("Gapfill: {{ title }}", "pvpc: ½ – {{ ds }}\nRun: r", Tone.FAILURE)
SECRET = "s3cr3t-of-the-phone"


@pytest.fixture(autouse=True)
def _imported() -> None:
    """Let Airflow set up its logging before a test's own is."""
    import gapfill.alerts.notifier  # noqa: F401


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a service that takes messages."""
    with receiving() as built:
        yield built


def send() -> None:
    """Send the message."""
    from gapfill.alerts.notifier import GapfillNotifier

    GapfillNotifier(MESSAGE).notify({})


def test_a_message_arrives_with_title_text_and_tone(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is: it is no template."""
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", receiver.connection())
    send()
    assert [(m["title"], m["message"], m["type"]) for m in receiver.taken] == [
        ("Gapfill: {{ title }}", "pvpc: ½ – {{ ds }}\nRun: r", "failure")
    ]


def test_every_service_of_the_connection_gets_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the extra's ``config`` is text, as the form of the UI stores it."""
    path = f"json://127.0.0.1:{receiver.port}/"
    config = json.dumps([{"path": path, "tag": "phone"}, {"path": f"{path}second"}])
    connection = {"conn_type": "apprise", "extra": {"config": config}}
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", json.dumps(connection))
    send()
    assert len(receiver.taken) == 2


def test_a_refusal_is_told_without_the_url(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Which holds the key, in Apprise as in every webhook."""
    from gapfill.alerts.notifier import NotSentError

    receiver.status = 403
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", receiver.connection(SECRET))
    with pytest.raises(NotSentError) as caught:
        send()
    assert str(caught.value) == (
        "1 of 1 services of the connection gapfill_alerts did not accept the message"
    )
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"config": "no JSON"},
        {"config": {"url": f"json://{SECRET}/"}},
        {"config": {"path": f"nonsense-{SECRET}"}},
        {"config": 7},
    ],
)
def test_a_connection_that_names_no_service_is_an_error_without_its_text(
    extra: dict[str, object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says how such a connection looks."""
    caplog.set_level(logging.DEBUG)
    connection = json.dumps({"conn_type": "apprise", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", connection)
    with pytest.raises(
        ConfigError, match=r"^The connection gapfill_alerts names no service"
    ) as caught:
        send()
    assert SECRET not in str(caught.value) + caplog.text


def test_without_a_connection_a_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And counts as told."""
    caplog.set_level(logging.WARNING)
    send()
    assert "pvpc: ½ – {{ ds }}" in caplog.text
    assert "(only logged: there is no connection gapfill_alerts)" in caplog.text


def test_a_state_that_cannot_be_reached_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Outside of a task there is nobody to keep it."""
    from gapfill.alerts import state

    state.update_incidents([state.run_condition("gap_detection", "It failed.")], "r")
    assert "The incidents could not be saved or reported" in caplog.text


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"incidents": 7}'])
def test_a_state_that_makes_no_sense_is_begun_anew(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has edited the Variable by hand does no lasting harm."""
    from gapfill.alerts import state
    from gapfill.alerts.incidents import Incidents

    monkeypatch.setattr("airflow.sdk.Variable.get", lambda *_, **__: text)
    assert state._load() == Incidents()
