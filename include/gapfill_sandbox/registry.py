"""The simulated APIs: one module and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill_sandbox import aemet, esios, open_meteo, openweathermap, ree, siar

if TYPE_CHECKING:
    from gapfill_sandbox.api import Api

APIS: tuple[Api, ...] = (
    ree.API,
    esios.API,
    open_meteo.API,
    openweathermap.API,
    aemet.API,
    siar.API,
)
