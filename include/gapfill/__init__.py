"""Gapfill: finds every missing slot of a time series and heals it automatically."""

__version__ = "0.1.0"
