"""Use cases: ports and the clock in, reports out. No framework, no client library."""
