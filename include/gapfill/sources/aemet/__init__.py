"""AEMET OpenData: hourly observations and daily climatology, with a key."""
