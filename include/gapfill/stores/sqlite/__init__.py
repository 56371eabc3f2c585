"""The embedded store: one SQLite file, safe with several processes."""
