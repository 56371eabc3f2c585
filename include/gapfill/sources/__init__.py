"""What each API's answers mean: intervals to requests, payloads to readings. Pure."""
