"""SIAR: half-hours and days of a station, with an account."""
