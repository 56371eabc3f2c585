"""The simulated APIs: one module and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.sandbox import esios, ree, siar

if TYPE_CHECKING:
    from gapfill.sandbox.api import Api

APIS: tuple[Api, ...] = (
    ree.API,
    esios.API,
    siar.API,
)
