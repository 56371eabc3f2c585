"""Reads CSV files of a series, and refuses the whole file if a row is bad."""
