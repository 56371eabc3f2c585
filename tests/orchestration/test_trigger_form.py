"""The trigger form: its fields are those that are understood, its proposals exist."""

from __future__ import annotations

import pytest

from gapfill import catalog
from gapfill.orchestration.run_request import find_series
from gapfill.services.run_params import DEFAULTS

pytestmark = pytest.mark.airflow


def test_its_fields_and_defaults_are_those_of_params() -> None:
    """In the same order: dates first."""
    from gapfill.orchestration.trigger_form import trigger_form

    form = trigger_form()
    assert {key: form[key] for key in form} == dict(DEFAULTS)
    assert list(form) == list(DEFAULTS)


def test_every_field_is_explained_named_and_in_no_section() -> None:
    """By the name that messages and the API use, too; Airflow's UI folds sections."""
    from gapfill.orchestration.trigger_form import trigger_form

    form = trigger_form()
    for key in form:
        param = form.get_param(key)
        assert param.description
        assert f"({key})" in param.schema["title"]
        assert "section" not in param.schema


def test_what_it_proposes_exists() -> None:
    """In the shipped catalogue, which it does not read; all of it is proposed."""
    from gapfill.orchestration.trigger_form import SOURCES_SHOWN

    known = catalog.load(catalog.SHIPPED)
    assert all(find_series(name, known) for name in SOURCES_SHOWN)
    assert {f"series:{name}" for name in known.series} < set(SOURCES_SHOWN)
