"""The shared HTTP code of all hooks: the only way out to the network."""
