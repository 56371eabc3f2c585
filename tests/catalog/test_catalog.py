"""The catalogue: what is shipped, what may be added, and what is refused with which words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from gapfill import catalog
from gapfill.catalog import SHIPPED
from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import Interval
from gapfill.domain.plan import BackfillRequest, Missing
from gapfill.domain.series import Grade
from gapfill.domain.severity import Severity
from gapfill.domain.unit_planner import plan_units
from gapfill.errors import ConfigError, RequestError
from tests.catalogs import FROZEN, example_headings, frozen, write_catalog
from tools.shipped import shipped_text


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "catalog.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _frozen_with(tmp_path: Path, change: str, to: str) -> Path:
    text = FROZEN.read_text(encoding="utf-8")
    assert change in text
    return _write(tmp_path, text.replace(change, to, 1))


def _refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        catalog.load(path)
    return str(caught.value).replace(str(path), "catalog.yaml")


def test_the_shipped_catalogue_has_the_three_series() -> None:
    """Names, groups, targets and first slots as the design has them."""
    known = catalog.load(SHIPPED)
    assert [(s.name, s.group, s.target) for s in known.series.values()] == [
        ("pvpc", "ree", Grade.OFFICIAL),
        ("weather_hourly", "weather", Grade.OBSERVED),
        ("weather_daily", "weather", Grade.OFFICIAL),
    ]
    assert known.series["pvpc"].earliest == datetime(2021, 5, 31, 22, tzinfo=UTC)
    assert known.series["weather_hourly"].earliest == datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert known.series["weather_daily"].earliest == datetime(2018, 6, 13, tzinfo=UTC)


def test_forecasts_are_excluded_unless_a_series_says_otherwise(tmp_path: Path) -> None:
    """A series that somebody adds counts none either; days of AEMET are no hours."""
    known = catalog.load(SHIPPED).series
    forecasts = {"data_type": ("forecast",), "data_source": ("aemet_daily", "aemet_forecast")}
    assert known["pvpc"].exclude == known["weather_hourly"].exclude == forecasts
    assert known["weather_daily"].exclude == forecasts | {"data_source": ("aemet_forecast",)}
    line = "    exclude: {data_type: [forecast], data_source: [aemet_daily, aemet_forecast]}\n"
    silent = catalog.load(_frozen_with(tmp_path, line, "")).series["weather_hourly"]
    assert silent.exclude == forecasts
    none = catalog.load(_frozen_with(tmp_path, line, "    exclude: {}\n"))
    assert none.series["weather_hourly"].exclude == {}


def test_required_fields_come_first() -> None:
    """The export's columns begin with what a slot cannot do without."""
    known = catalog.load(SHIPPED)
    assert known.series["weather_hourly"].required == ("temperature", "humidity")
    assert [f.name for f in known.series["pvpc"].fields] == ["price_eur_mwh", "price_eur_kwh"]


def test_a_series_is_served_by_products_of_its_quantity_and_resolution() -> None:
    """Daily products never serve an hourly series."""
    known = frozen()
    products = [p.key for _, p, _ in known.products_of(known.series["weather_daily"])]
    assert products == ["aemet.daily", "aemet.daily", "siar.daily", "siar_csv.daily"]


def test_an_unknown_series_is_refused_with_the_known_ones() -> None:
    """A typo is answered with the list."""
    with pytest.raises(
        RequestError, match=r"no series 'pvcp'.*pvpc, weather_hourly, weather_daily"
    ):
        frozen().find(["pvcp"])


def test_only_these_tests_read_the_shipped_catalogue() -> None:
    """All others use the frozen one of ``catalogs.py``: a new source must not change them."""
    used = re.compile(r"\bSHIPPED\b|\bload\(\)\.(series|sources)|catalog\.load\(\)|gapfill/catalog")
    folder = Path(__file__).parents[1]
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*.py")}
    found = {name for name, p in files.items() if used.search(p.read_text(encoding="utf-8"))}
    assert found == {
        "catalog/test_catalog.py",
        "catalog/test_packages.py",
        "cli/test_third_party.py",
        "matrix/bench.py",
        "matrix/plant.py",
        "orchestration/test_trigger_form.py",
        "sources/openweathermap/test_timeline.py",
        "sources/test_hooks.py",
        "test_docs.py",
        "tools/test_routes_table.py",
    }


@pytest.mark.parametrize(
    "change,to,words",
    [
        ("    target: official", "    traget: official", "series.pvpc.traget: unknown key"),
        (
            "zone: Europe/Madrid\n    stations",
            "zone: Europe/Jaen\n    stations",
            "places.linares.zone: 'Europe/Jaen' is not an IANA time zone",
        ),
        (
            "    route: prices",
            "    route: price",
            "series.pvpc.route: there is no route 'price'; known: prices",
        ),
        (
            "  pvpc:\n    group",
            f"  {'p' * 81}:\n    group",
            f"series.{'p' * 40}…: a name of 81 characters; at most 80 are allowed: shorten it",
        ),
        (
            "price_eur_kwh: {",
            f"{'k' * 300}: {{",
            f"series.pvpc.fields.{'k' * 40}…: a name of 300 characters; at most 80 are allowed",
        ),
        ("    place: linares", "    place: jaen", "series.pvpc.place: there is no place 'jaen'"),
        (
            "    - sources: [ree, esios]",
            "    - sources: [ree, esois]",
            "there is no source 'esois'",
        ),
        ("  weather_daily:\n    group", "  pvpc:\n    group", "the key 'pvpc' appears twice"),
        (
            "    resolution: PT1H\n    route",
            "    resolution: PT7H\n    route",
            "a resolution must divide a day",
        ),
        ("    target: official", "    target: perfect", "series.pvpc.target: Input should be"),
        (
            '{days: -1, at: "20:50", zone: Europe/Madrid}\n        grace',
            "{days: -1}\n        grace",
            "give either lag, or all of days, at and zone",
        ),
        (
            "price_eur_mwh: {unit: €/MWh, min: -1000, max: 10000, required: true}",
            "price_eur_mwh: {unit: €/MWh, min: -1000, max: 10000}",
            "at least one field must be required",
        ),
        ("min: -1000", "min: 99999", "min must be smaller than max"),
        (
            "    earliest: 2021-06-01",
            "    earliest: 2021-06-31",
            "series.pvpc.earliest: expected a date such as 2021-06-01 (got '2021-06-31')",
        ),
        (
            "    resolution: PT1H\n    route",
            "    resolution: hourly\n    route",
            "series.pvpc.resolution: expected an ISO 8601 duration such as PT1H or P14D",
        ),
    ],
)
def test_a_wrong_catalogue_names_the_key_and_what_was_expected(
    tmp_path: Path, change: str, to: str, words: str
) -> None:
    """One wrong key at a time."""
    assert words in _refusal(_frozen_with(tmp_path, change, to))


def test_two_series_of_one_measurement_need_a_tag_that_tells_them_apart(tmp_path: Path) -> None:
    """The same tags twice would mix two series in one."""
    document = yaml.safe_load(FROZEN.read_text(encoding="utf-8"))
    document["series"]["pvpc_too"] = document["series"]["pvpc"]
    path = _write(tmp_path, yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    assert "pvpc_too and pvpc share the measurement energy_prices" in _refusal(path)


@pytest.mark.parametrize("text", ["", "- a list", "series: [", "a: b: c"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    """Empty, of another shape, or no YAML at all."""
    assert _refusal(_write(tmp_path, text)).startswith("The catalogue catalog.yaml is")


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """A spreadsheet, say."""
    path = tmp_path / "catalog.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert _refusal(path) == "The catalogue catalog.yaml is not UTF-8 text."


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The sentence names the variable that pointed there."""
    assert "cannot be read (No such file or directory); see GAPFILL_CATALOG" in _refusal(
        tmp_path / "catalog.yaml"
    )


def _frozen_and(tmp_path: Path, heading: str) -> catalog.Catalog:
    """Return the frozen catalogue with an example of docs/how_to/catalogue.md."""
    return catalog.load(write_catalog(tmp_path, example=heading))


@pytest.mark.parametrize("heading", example_headings())
def test_an_example_is_an_addition_to_the_shipped_catalogue(tmp_path: Path, heading: str) -> None:
    """Every one of docs/how_to/catalogue.md, as it is printed; no series and no source is lost."""
    base = _write(tmp_path, shipped_text())
    known = catalog.load(write_catalog(tmp_path, example=heading, base=base))
    shipped = catalog.load(SHIPPED)
    assert known != shipped
    assert (shipped.series.keys() - known.series, shipped.sources.keys() - known.sources) == (
        set(),
        set(),
    )


def test_every_example_is_found() -> None:
    """There are five."""
    assert len(example_headings()) == 5


def test_the_documented_second_geography_is_an_entry_and_no_code(tmp_path: Path) -> None:
    """Baleares beside the peninsula, in one measurement, from the same sources."""
    known = _frozen_and(tmp_path, "Another geography: PVPC of the Balearic Islands")
    baleares = known.series["pvpc_baleares"]
    assert baleares.tags == {"geo": "8743", "market": "pvpc"}
    assert baleares.params["geo_id"] == "8743"
    assert [p.key for _, p, _ in known.products_of(baleares)] == [
        "ree.pvpc",
        "esios.1001",
        "esios.archive70",
    ]


def test_the_documented_canary_place_is_an_entry_and_no_code(tmp_path: Path) -> None:
    """Its slots, its days and what its rules count from are on the clock of the islands."""
    known = _frozen_and(tmp_path, "Another clock: PVPC of the Canary Islands")
    canarias = known.series["pvpc_canarias"]
    assert canarias.earliest == datetime(2021, 5, 31, 23, tzinfo=UTC)
    offered = [p for _, p, _ in known.products_of(canarias)]
    assert [(p.key, p.day_zone, p.since) for p in offered] == [
        ("ree.pvpc", "Atlantic/Canary", canarias.earliest),
        ("esios.1001", "Atlantic/Canary", canarias.earliest),
        ("esios.archive70", "Atlantic/Canary", canarias.earliest),
    ]
    last = datetime(2025, 10, 26, 23, tzinfo=UTC)
    evening = datetime(2025, 10, 25, 18, 50, tzinfo=UTC)
    assert canarias.due is not None
    assert canarias.overdue is not None
    assert canarias.due.instant(last, canarias.grid) == evening
    assert canarias.overdue.instant(last, canarias.grid) == evening + timedelta(minutes=70)
    assert {p.available.instant(last, canarias.grid) for p in offered} == {evening}
    assert [p.day_zone for _, p, _ in known.products_of(known.series["pvpc"])] == [
        "Europe/Madrid"
    ] * 3


_OTHERS = "8741 Península, 8743 Baleares, 8744 Ceuta, 8745 Melilla"


@pytest.mark.parametrize(
    "geo, zone, follows, change",
    [
        (
            "8742",
            "Europe/Madrid",
            "8742 (Canarias) follows the clock of Atlantic/Canary",
            f"is Atlantic/Canary, or set geo_id to that of the place ({_OTHERS}).",
        ),
        (
            "8741",
            "Atlantic/Canary",
            "8741 (Península) follows the clock of Europe/Madrid",
            "is Europe/Madrid, or set geo_id to that of the place (8742 Canarias).",
        ),
        ("8743", "UTC", "8743 (Baleares) follows the clock of Europe/Madrid", "is Europe/Madrid."),
        ("8745", "Atlantic/Canary", "8745 (Melilla) follows", "is Europe/Madrid, or set geo_id"),
    ],
)
def test_prices_on_another_clock_than_that_of_their_place_are_refused(
    tmp_path: Path, geo: str, zone: str, follows: str, change: str
) -> None:
    """The sentence says what to change, either way."""
    text = FROZEN.read_text(encoding="utf-8").replace('geo_id: "8741"', f'geo_id: "{geo}"')
    path = _write(tmp_path, text.replace("    zone: Europe/Madrid\n", f"    zone: {zone}\n", 1))
    said = _refusal(path)
    assert f"series.pvpc.place: PVPC of geo_id {follows}" in said
    assert f"and linares is in {zone}; name a place whose zone {change}" in said


@pytest.mark.parametrize(
    "geo, zone", [("8744", "Africa/Ceuta"), ("8745", "Europe/Madrid"), ("3", "Atlantic/Canary")]
)
def test_a_clock_that_agrees_with_the_number_is_taken(tmp_path: Path, geo: str, zone: str) -> None:
    """Ceuta's own zone shows the same clock; a number of no electric system has none."""
    text = FROZEN.read_text(encoding="utf-8").replace('geo_id: "8741"', f'geo_id: "{geo}"')
    path = _write(tmp_path, text.replace("    zone: Europe/Madrid\n", f"    zone: {zone}\n", 1))
    assert catalog.load(path).series["pvpc"].params == {"geo_id": geo}


def test_the_documented_second_station_cuts_requests_at_its_date(tmp_path: Path) -> None:
    """Each station is asked for its own dates; the gap between the two for none."""
    known = _frozen_and(tmp_path, "Another station")
    daily = known.series["weather_daily"]
    candidates = [
        Candidate(source, product, station)
        for source, product, station in known.products_of(daily)
        if source.name == "siar"
    ]
    gap = Interval(datetime(2017, 12, 30, tzinfo=UTC), datetime(2018, 6, 15, tzinfo=UTC))
    plan = plan_units(
        [BackfillRequest(daily, candidates, [Missing(gap, Severity.CRITICAL)])],
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert [(u.station, u.label) for u in plan.units] == [
        ("J17", "weather_daily 2018-06-13T00:00Z–2018-06-15T00:00Z"),
        ("J09", "weather_daily 2017-12-30T00:00Z–2018-01-01T00:00Z"),
    ]
    assert [str(u.interval) for u in plan.unhealable] == [
        "2018-01-01T00:00:00Z–2018-06-13T00:00:00Z"
    ]


def test_the_documented_second_place_is_an_entry_and_no_code(tmp_path: Path) -> None:
    """Its own station, no SIAR, and what is asked by coordinates."""
    known = _frozen_and(tmp_path, "Another place")
    retiro = known.series["weather_hourly_retiro"]
    assert [
        (product.key, station.id if station else None)
        for _, product, station in known.products_of(retiro)
    ] == [
        ("openweathermap.current", None),
        ("openweathermap.timeline", None),
        ("openweathermap.timemachine", None),
        ("aemet.observations", "3195"),
        ("siar.hourly", None),
        ("open_meteo.forecast", None),
        ("open_meteo.archive", None),
    ]


def test_the_documented_second_indicator_is_an_entry_and_no_code(tmp_path: Path) -> None:
    """A product of another indicator does not serve the PVPC."""
    known = _frozen_and(tmp_path, "Another indicator")
    assert [p.name for p in known.sources["esios"].products] == ["1001", "archive70", "600"]
    assert "esios.600" not in [p.key for _, p, _ in known.products_of(known.series["pvpc"])]
