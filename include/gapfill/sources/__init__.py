"""Turn intervals into requests to each API, and its answers into readings."""
