"""Turns integers and strings of a field into floats, shard by shard."""
