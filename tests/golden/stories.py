"""What is done in the golden world from the command line, one output a name."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from gapfill.cli.app import app
from tests.golden.world import APIS, command
from tests.sources.siar_csv.files import blank, csv_bytes, days, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.golden.world import World

Story = dict[str, str]

HOLES = (5, 6), (30, 36), (60, 80)
"""A minor, a moderate and a critical gap of prices."""


def empty(world: World) -> Story:
    """An empty store, with all sources, and with those that need no key."""
    found = {
        "status": command("status", "--json"),
        "plan": command("plan", "--json"),
        "explain": command("explain", "pvpc", "2026-03-29", "--json"),
        "batches": command("batches", "--json"),
        "tidy": command("tidy", "--json"),
        "export": command("export", "pvpc"),
        "export_json": command("export", "pvpc", "--format", "json"),
    }
    world.connect()
    weather = ("weather_daily", "2026-03-29")
    return found | {
        "status_without_keys": command("status", "--json"),
        "plan_without_keys": command("plan", "--json"),
        "explain_without_keys": command("explain", *weather, "--json"),
    }


def holes(world: World) -> Story:
    """Prices with holes, values that do not count, a point ahead and points of others."""
    found = {"import": command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))}
    spoil(world)
    slots = {
        "missing": "2026-03-28T04:30:00Z",
        "complete": "2026-03-28T06:00:00Z",
        "not_a_reading": "2026-03-28T10:00:00Z",
        "pending": "2026-04-02",
        "before_the_first": "2026-03-01",
    }
    ranged = ("--start", "2026-03-29", "--end", "2026-03-29")
    return found | {
        "status": command("status", "pvpc", "--json"),
        "status_of_a_day": command("status", "pvpc", *ranged, "--json"),
        "plan": command("plan", "--json"),
        "plan_long_gaps": command("plan", "--max-gap-hours", "6", "--json"),
        "plan_refresh": command("plan", "--series", "pvpc", *ranged, "--refresh", "--json"),
        "export": command("export", "pvpc", *ranged),
        "export_json": command("export", "pvpc", *ranged, "--format", "json"),
        "tidy": command("tidy", "--json"),
        "tidied": command("tidy", "--yes", "--json"),
        "retype": command("retype", "pvpc"),
        **{f"explain_{name}": command("explain", "pvpc", s, "--json") for name, s in slots.items()},
    }


def spoil(world: World) -> None:
    """Write as other programs and an earlier release of Gapfill did."""
    ten, eleven = 1774692000, 1774695600  # 2026-03-28 10:00 and 11:00 UTC
    price = "UPDATE energy_prices SET price_eur_mwh = ? WHERE slot = ?"
    world.execute(price, 99999.0, ten)
    world.execute(price, "dear", eleven)
    columns = "(tags, slot, price_eur_mwh, price_eur_kwh, gapfill_grade, gapfill_batch)"
    point = f"INSERT INTO energy_prices {columns} VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
    own, other = "geo=8741,market=pvpc", "geo=8741,market=pvpc,program=scada"
    world.execute(point, own, 2051222400, 1.0, None, None, None)  # 2035
    world.execute(point, other, 1774674000, 61.5, None, None, None)  # 05:00 UTC, another's
    world.execute(point, other, 1774738800, 62.5, None, None, None)  # 23:00 UTC, and
    copied = (62.5, 0.06, 40, "old/a")
    world.execute("DELETE FROM energy_prices WHERE tags = ? AND slot = ?", own, 1774738800)
    world.execute(point, own, 1774738800, *copied)  # copied by an earlier release


def healed(world: World) -> Story:
    """Sources that fail, refuse and have nothing; then a second try, and taking back."""
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    world.fail(
        {"api": "siar", "kind": "no_data"},
        {"api": "open_meteo", "kind": "429", "retry_after": 3600},
        {"api": "ree", "kind": "500"},
    )
    hour, first = "2026-03-28T02:00:00Z", "2026-03-28"
    found = {
        "1_heal_with_faults": command("heal", "--json"),
        "2_status": command("status", "--json"),
        "2_sources": command("sources", "--json"),
        "2_sources_shown": command("sources"),
        "2_plan": command("plan", "--json"),
        "2_plan_forced": command("plan", "--force", "--json"),
        "2_explain_blocked": command("explain", "weather_hourly", hour, "--json"),
        "2_explain_asked": command("explain", "weather_daily", first, "--json"),
    }
    world.fail({"api": "open_meteo", "kind": "429", "times": 2, "retry_after": 20})
    world.later(26)
    found |= {
        "3_heal": command("heal", "--json"),
        "4_status": command("status", "--json"),
        "4_explain_healed": command("explain", "weather_hourly", hour, "--json"),
        "4_explain_modelled": command("explain", "weather_hourly", "2026-03-28T03:00Z", "--json"),
        "4_export_hours": command("export", "weather_hourly"),
        "4_export_days": command("export", "weather_daily"),
        "4_export_json": command("export", "weather_daily", "--format", "json"),
        "4_batches": command("batches", "--json"),
        "4_batches_of_prices": command("batches", "pvpc", "--since", "2026-04-02", "--json"),
    }
    return found | _undone() | {"7_status": command("status", "--json")}


def _undone() -> Story:
    made = document(command("batches", "--json"))["batches"]
    batch = next(one["batch"] for one in made if one["series"] == "weather_daily")
    run = next(one["run"] for one in made if one["run"].startswith("cli__"))
    return {
        "5_undo_a_batch": command("undo", batch),
        "5_undo_it_again": command("undo", batch),
        "6_undo_a_run": command("undo", "--run", run),
        "6_batches": command("batches", "--json"),
    }


def books(world: World) -> Story:
    """Everything that the books can hold: verdicts, doubts, limits, a block, rows replaced."""
    build_books(world)
    return look(world)


def build_books(world: World) -> None:
    """Heal four times in four days, with sources that are late, slow, wrong and refuse."""
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    price, day, hour = "2026-03-28T04:00:00Z", "2026-03-29T00:00:00Z", "2026-03-28T02:00:00Z"
    wrong: list[dict[str, object]] = [
        {"api": "ree", "kind": "huge", "at": price},
        {"api": "esios", "kind": "huge", "at": price},
        {"api": "siar", "kind": "missing", "at": day},
        {"api": "siar", "kind": "missing", "at": hour},
    ]
    world.fail(*wrong, {"api": "open_meteo", "kind": "429", "times": 2, "retry_after": 20})
    for hours in (0, 26, 52):
        world.later(hours)
        command("heal")
    world.connect(*APIS, paused=["aemet"])
    world.later(78)
    world.fail({"api": "ree", "kind": "429", "retry_after": 7200}, *wrong)
    command("heal")
    world.fail()


def look(world: World) -> Story:
    """What every command says of those books an hour later, and of taking runs back."""
    world.later(79)
    slots = {
        "price_not_believed": ("pvpc", "2026-03-28T04:00:00Z"),
        "price_blocked": ("pvpc", "2026-04-05T00:00:00Z"),
        "hour_modelled": ("weather_hourly", "2026-03-29T00:00:00Z"),
        "hour_now": ("weather_hourly", "2026-04-04T18:00:00Z"),
        "day_unfillable": ("weather_daily", "2026-03-29"),
    }
    return {
        "1_status": command("status", "--json"),
        "1_plan": command("plan", "--json"),
        "1_plan_forced": command("plan", "--force", "--json"),
        "1_batches": command("batches", "--json"),
        "1_export": command("export", "weather_daily"),
        "1_tidy": command("tidy", "--json"),
        **{f"1_explain_{n}": command("explain", *s, "--json") for n, s in slots.items()},
        **_undone(),
        "7_heal": command("heal", "--json"),
        "8_status": command("status", "--json"),
    }


def imported(world: World) -> Story:
    """SIAR's CSV files of a station of the catalogue and of another one."""
    folder = world.folder / "siar"
    folder.mkdir()
    dates = days(date(2026, 3, 28), 3)
    lines = [row(dates[0]), row(dates[1], "-60"), blank(dates[2])]
    (folder / "J17_Linares.csv").write_bytes(csv_bytes(*lines))
    (folder / "J99_Other.csv").write_bytes(csv_bytes(row(dates[0], station="99")))
    return {
        "import_siar": command("import-siar", str(folder), "--json"),
        "import_siar_again": command("import-siar", str(folder), "--json"),
        "batches": command("batches", "--json"),
        "export": command("export", "weather_daily"),
    }


def refused(world: World) -> Story:
    """Wrong command lines, a store that is gone or unreadable, and none at all."""
    found = {
        "unknown_series": command("status", "prices", "--json"),
        "wrong_date": command("plan", "--start", "yesterday", "--json"),
        "unknown_option": command("plan", "--jason"),
        "no_such_batch": command("undo", "run/a"),
    }
    command("import", "pvpc", str(world.prices("prices.csv")))
    world.store.unlink()
    found |= {
        "store_lost": command("status", "pvpc", "--json"),
        "forget_store": command("forget-store"),
    }
    world.store.write_bytes(b"no database at all " * 100)
    found |= {
        "store_unreadable": command("status", "pvpc", "--json"),
        "plan_unreadable": command("plan", "--json"),
        "doctor_unreadable": command("doctor"),
        "doctor_unreadable_json": command("doctor", "--json"),
        "heal_unreadable": command("heal", "--json"),
    }
    world.patch.delenv("AIRFLOW_CONN_GAPFILL_STORE")
    return found | {"no_store": command("status", "--json")}


def helped(_world: World) -> Story:
    """What each command says of itself."""
    commands = sorted(app.commands)
    return {"gapfill": command("--help")} | {c: command(c, "--help") for c in commands}


STORIES: dict[str, Callable[[World], Story]] = {
    "books": books,
    "empty": empty,
    "healed": healed,
    "help": helped,
    "holes": holes,
    "imported": imported,
    "refused": refused,
}


def document(said: str) -> dict[str, list[dict[str, str]]]:
    """Return the JSON that a command printed."""
    found: dict[str, list[dict[str, str]]] = json.loads(said.partition("--- stdout\n")[2])
    return found
