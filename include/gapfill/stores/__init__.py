"""The stores; no other code accesses a database."""
