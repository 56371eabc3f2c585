"""The shared HTTP code of all hooks; no other module calls an API."""
