"""Reads CSV files of a series, and refuses a file whole where a row is bad."""
