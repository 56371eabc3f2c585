"""Incidents: one message at the opening, one at the closing, a reminder a day in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gapfill.alerts.incidents import Condition, Incident, Incidents, Message, Tone, drop, post, step
from gapfill.alerts.messages import compose, dropped, healed, lasted
from gapfill.domain.incident_key import IncidentKey, IncidentKind

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
LINK = "http://localhost:8080/dags/gap_detection/runs/r1"
HOUR = timedelta(hours=1)


def gap(*, is_there: bool = True, series: str = "pvpc", **more: Any) -> Condition:  # noqa: ANN401 - whatever a sight has
    """Return the sight of a critical gap, or of none."""
    what = "480 slots missing: a–b." if is_there else "Nothing is missing."
    slot = NOON - 480 * HOUR if is_there else None
    return Condition(IncidentKind.GAP, series, is_there, what, **more, slot=slot)


def live(*cycles: tuple[float, list[Condition]]) -> tuple[Incidents, list[list[Message]]]:
    """Let cycles pass, each so many hours after noon, and return the messages of each."""
    state, told = Incidents(), []
    for hours, sights in cycles:
        now = NOON + hours * HOUR
        state, changes = step(state, sights, now)
        told.append(compose(changes, now, LINK))
    return state, told


def test_an_incident_is_told_when_it_opens_and_when_it_closes() -> None:
    """Since when, what was tried, what to do; then how long it lasted and what was healed."""
    state, told = live(
        (0, [gap(tried="ree: failed (REE timed out).")]),
        (2, [gap(healed=400)]),
        (4, [gap(is_there=False, healed=80)]),
        (6, [gap(is_there=False)]),
    )
    assert told == [
        [
            Message(
                "Gapfill: a critical gap is open: pvpc",
                "pvpc: 480 slots missing: a–b. Seen at 2026-03-20T12:00:00Z. "
                "Tried: ree: failed (REE timed out).\n"
                "What to do: each run asks again; "
                "`python -m gapfill explain pvpc 2026-02-28T12:00:00Z` shows why it is missing. "
                "(docs/how_to/alerts.md#gap)\n"
                f"Run: {LINK}",
                Tone.FAILURE,
            )
        ],
        [],
        [
            Message(
                "Gapfill: no critical gap is open any more: pvpc",
                "pvpc: over after 4 h (since 2026-03-20T12:00:00Z). Nothing is missing. "
                "480 slots healed meanwhile.\n"
                f"Run: {LINK}",
                Tone.SUCCESS,
            )
        ],
        [],
    ]
    assert state == Incidents()


def test_a_day_of_outage_gives_one_reminder() -> None:
    """Twelve cycles of two hours after the opening, the last one half a minute early."""
    down = Condition(IncidentKind.SOURCE, "ree", is_there=True, what="REE timed out.")
    cycles = [(hours, [down]) for hours in (*range(0, 24, 2), 23.99, 26)]
    _, told = live(*cycles)
    assert [len(messages) for messages in told] == [1, *[0] * 11, 1, 0]
    assert told[12][0] == Message(
        "Gapfill: still: a source is down: ree",
        "ree: REE timed out. Open for 23 h 59 min, since 2026-03-20T12:00:00Z.\n"
        "What to do: nothing, each run asks it again; if the problem lasts, see the "
        "source's status page. "
        "(docs/how_to/alerts.md#source)\n"
        f"Run: {LINK}",
        Tone.WARNING,
        about=("source:ree",),
    )


def test_a_source_that_nobody_asks_is_neither_reminded_of_nor_closed() -> None:
    """No sight, no change."""
    state, told = live(
        (0, [Condition(IncidentKind.SOURCE, "ree", is_there=True, what="Down.")]), (48, [])
    )
    assert (len(told[0]), told[1], list(state.incidents)) == (1, [], ["source:ree"])


def test_series_of_one_kind_share_a_message_with_a_line_each() -> None:
    """And each kind has its own."""
    stations = Condition(
        IncidentKind.CREDENTIALS, "aemet", is_there=True, what="AEMET refused aemet_default."
    )
    _, told = live((0, [gap(), stations, gap(series="weather_hourly")]))
    assert [message.title for message in told[0]] == [
        "Gapfill: credentials are refused: aemet",
        "Gapfill: a critical gap is open: pvpc, weather_hourly",
    ]
    assert told[0][1].body.splitlines()[:2] == [
        "pvpc: 480 slots missing: a–b. Seen at 2026-03-20T12:00:00Z.",
        "weather_hourly: 480 slots missing: a–b. Seen at 2026-03-20T12:00:00Z.",
    ]


@pytest.mark.parametrize("hours,messages", [(0, 0), (5, 0), (7.9, 0), (8, 1)])
def test_a_gap_that_waits_opens_only_after_the_promised_instant_and_a_cycle(
    hours: float, messages: int
) -> None:
    """The first promise counts: one that moves on does not put it off for ever."""
    first = gap(until=NOON + 6 * HOUR)
    later = gap(until=NOON + 30 * HOUR)
    _, told = live((0, [first]), (hours, [later]))
    assert len(told[1]) == messages


def test_a_promise_that_was_kept_is_forgotten() -> None:
    """The next gap waits for its own."""
    state, _ = live((0, [gap(until=NOON + HOUR)]), (2, [gap(is_there=False)]))
    assert state.promised == {}


def test_six_runs_in_a_row_without_a_record_open_an_incident() -> None:
    """One with records begins the count anew."""
    vain = Condition(IncidentKind.NO_DATA, "pvpc", is_there=True, what="24 slots missing: a–b.")
    had = Condition(IncidentKind.NO_DATA, "pvpc", is_there=False, what="There were records.")
    cycles = [vain] * 5 + [had] + [vain] * 18
    _, told = live(*((n * 2, [sight]) for n, sight in enumerate(cycles)))
    assert [n for n, messages in enumerate(told) if messages] == [11, 23]
    assert told[11][0].body.startswith(
        "pvpc: 24 slots missing: a–b. 6 runs in a row asked for it and got no record. "
        "Seen at 2026-03-21T10:00:00Z.\n"
    )
    assert told[23][0].body.startswith(
        "pvpc: 24 slots missing: a–b. 18 runs in a row asked for it and got no record. "
        "Open for 1 d, since 2026-03-21T10:00:00Z.\n"
    )


def test_what_does_not_open_an_incident_keeps_one_open() -> None:
    """A block that is about to end is no news, and no all-clear."""
    long = Condition(IncidentKind.QUOTA, "aemet", is_there=True, what="Blocked.")
    short = Condition(IncidentKind.QUOTA, "aemet", is_there=True, what="Blocked.", opens=False)
    _, told = live((0, [short]), (1, [long]), (2, [short]))
    assert [len(messages) for messages in told] == [0, 1, 0]
    assert told[1][0].body.splitlines()[1] == (
        "What to do: nothing, the next runs ask it again; if the problem lasts, find out what else "
        "uses this key or address, or get more quota. (docs/how_to/alerts.md#quota)"
    )


def test_what_left_the_catalogue_is_told_once_and_is_not_called_over() -> None:
    """Nothing is known of it any more. Stores and DAGs are in no catalogue, and stay."""
    old = "weather_old"
    sights = [
        gap(series=old),
        Condition(IncidentKind.NO_DATA, old, is_there=True, what="24 slots missing: a–b."),
        Condition(IncidentKind.SOURCE, "aemet", is_there=True, what="aemet daily for x: Down."),
        Condition(IncidentKind.STORE, "gapfill_store", is_there=True, what="Locked."),
        Condition(IncidentKind.RUN, "gap_detection", is_there=True, what="It failed."),
        gap(until=NOON + HOUR, series="waits_old"),
        gap(),
    ]
    state, _ = live((0, sights))
    after, lost = drop(state, ["pvpc", "ree"])
    assert dropped(lost, NOON + 26 * HOUR, LINK) == [
        Message(
            "Gapfill: not in the catalogue any more: weather_old, aemet",
            "weather_old: a critical gap is open, open for 1 d 2 h (since 2026-03-20T12:00:00Z), "
            "last: 480 slots missing: a–b.\n"
            "aemet: a source is down, open for 1 d 2 h (since 2026-03-20T12:00:00Z), "
            "last: daily for x: Down.\n"
            "What to do: nothing, if you removed it from the catalogue on purpose. Gapfill "
            "does not know whether its slots are missing, and sends no more messages about "
            "it.\n"
            f"Run: {LINK}",
            Tone.INFO,
        )
    ]
    assert set(after.incidents) == {"store:gapfill_store", "run:gap_detection", "gap:pvpc"}
    assert (after.seen, after.promised) == ({}, {})
    again, lost = drop(after, ["pvpc", "ree"])
    assert (again, dropped(lost, NOON, LINK)) == (after, [])


def test_the_message_of_a_run_that_healed_is_short() -> None:
    """A line per series."""
    assert healed({"pvpc": 480, "weather_hourly": 1}, LINK) == Message(
        "Gapfill: 481 slots healed",
        f"pvpc: 480 slots\nweather_hourly: 1 slot\nRun: {LINK}",
        Tone.SUCCESS,
    )


def test_what_is_not_set_up_is_told_once_and_again_each_week() -> None:
    """It names its series by itself, so neither title nor line has a subject."""
    what = "weather_daily needs aemet_default or siar_default for 3,091 slots."
    need = Condition(IncidentKind.SETUP, "sources", is_there=True, what=what)
    met = replace(need, is_there=False, what="No missing slot needs a source to be set up.")
    week = 7 * 24
    _, told = live((0, [need]), (24, [need]), (week - 1, [need]), (week, [need]), (week + 2, [met]))
    assert [len(messages) for messages in told] == [1, 0, 0, 1, 1]
    assert told[0] == [
        Message(
            "Gapfill: missing slots need a source to be set up",
            f"{what} Seen at 2026-03-20T12:00:00Z.\n"
            "What to do: set up one of the sources named above; for a source that you do not "
            'want, put "paused": true into the extra of its connection. '
            "(docs/how_to/alerts.md#setup)\n"
            f"Run: {LINK}",
            Tone.FAILURE,
        )
    ]
    assert told[3][0].title == "Gapfill: still: missing slots need a source to be set up"
    assert told[4] == [
        Message(
            "Gapfill: no missing slot needs a source to be set up",
            "over after 7 d 2 h (since 2026-03-20T12:00:00Z). "
            f"No missing slot needs a source to be set up.\nRun: {LINK}",
            Tone.SUCCESS,
        )
    ]


def test_a_source_that_cannot_be_used_is_an_incident_of_its_own() -> None:
    """It names file and line; a source that leaves the catalogue is dropped."""
    what = "siar_csv cannot be read: J17.csv, line 7: it breaks off."
    broken = Condition(IncidentKind.BROKEN, "siar_csv", is_there=True, what=what)
    state, told = live((0, [broken]))
    assert told[0][0].title == "Gapfill: a source cannot be used: siar_csv"
    assert told[0][0].body.startswith(
        "siar_csv: cannot be read: J17.csv, line 7: it breaks off. Seen at 2026-03-20T12:00:00Z.\n"
    )
    assert drop(state, ["pvpc"])[0].incidents == {}


def test_the_message_of_a_run_says_what_it_enriched() -> None:
    """In the title, after what it healed."""
    assert healed({"pvpc": 1450}, LINK, 16).title == "Gapfill: 1,450 slots healed, 16 enriched"


def test_unsent_messages_wait_in_order_and_only_the_newest_reminder() -> None:
    """A sender that fails for a week does not get a week of reminders."""
    opened = Message("a", "first", Tone.FAILURE)
    state = post(Incidents(), [opened, Message("b", "one day", Tone.WARNING)])
    state = post(state, [Message("b", "two days", Tone.WARNING)])
    assert state.outbox == (opened, Message("b", "two days", Tone.WARNING))


def test_a_reminder_replaces_the_one_of_the_same_incidents_whatever_the_words() -> None:
    """Its title may be cut, and another release may say it in other words."""
    one = Message("b", "one day", Tone.WARNING, about=("gap:pvpc",))
    other = Message("c", "two days", Tone.WARNING, about=("gap:pvpc",))
    late = Message("c", "two days", Tone.WARNING, about=("late:pvpc",))
    assert post(post(Incidents(), [one]), [other]).outbox == (other,)
    assert post(post(Incidents(), [other]), [late]).outbox == (other, late)


def test_a_reminder_of_an_earlier_release_is_replaced_by_its_title() -> None:
    """It names no incidents; an opening of the same title stays."""
    old = Message("b", "one day", Tone.WARNING)
    opened = Message("b", "opened", Tone.FAILURE)
    new = Message("b", "two days", Tone.WARNING, about=("gap:pvpc",))
    assert post(Incidents(outbox=(old, opened)), [new]).outbox == (opened, new)


def test_a_hundred_unsent_messages_are_kept_at_most() -> None:
    """The newest ones."""
    state = post(Incidents(), [Message(str(n), "", Tone.FAILURE) for n in range(120)])
    assert (len(state.outbox), state.outbox[0].title) == (100, "20")


def test_a_message_never_grows_beyond_what_senders_take_and_keeps_its_links() -> None:
    """However long a sentence is, and however many series there are."""
    many = [
        Condition(IncidentKind.GAP, f"series_{n}", is_there=True, what="x" * 500) for n in range(30)
    ]
    _, told = live((0, many))
    assert len(told[0][0].title) <= 200
    assert len(told[0][0].body) <= 1901
    assert told[0][0].title.endswith("…")
    assert "x…\nWhat to do: " in told[0][0].body
    assert told[0][0].body.endswith(f"Run: {LINK}")


@pytest.mark.parametrize(
    "minutes,words",
    [
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h"),
        (150, "2 h 30 min"),
        (1440, "1 d"),
        (1565, "1 d 2 h"),
    ],
)
def test_durations_are_told_in_two_units(minutes: int, words: str) -> None:
    """The greatest ones."""
    assert lasted(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    "text", ["gap:pvpc", "source:ree", "store:gapfill_store", "run:a:b", "gap:"]
)
def test_a_key_is_read_as_it_is_written(text: str) -> None:
    """A subject may have a colon."""
    key = IncidentKey.parse(text)
    assert key is not None
    assert str(key) == text
    assert text == f"{key.kind.value}:{key.subject}"


def test_the_key_of_a_kind_of_another_release_stays_in_the_state() -> None:
    """Nothing is known of it: it is neither dropped nor told."""
    state = Incidents(incidents={"eclipse:pvpc": Incident(NOON, NOON, "Dark.")})
    assert IncidentKey.parse("eclipse:pvpc") is None
    assert drop(state, []) == (state, [])
