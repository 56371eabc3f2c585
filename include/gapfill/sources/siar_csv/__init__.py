"""A folder of CSV files that a person downloaded from SIAR."""
