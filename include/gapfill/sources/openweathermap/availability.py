"""Check the set-up of OpenWeatherMap, whose extra says whether the key has One Call."""

from __future__ import annotations

from gapfill.sources.http.availability import ApiAvailability


class OpenWeatherMapAvailability(ApiAvailability):
    """Its products may require the extra ``one_call``."""

    extra_names = ("one_call",)


AVAILABILITY = OpenWeatherMapAvailability()
