"""A folder of CSV files that a user downloaded from SIAR."""
