"""REE apidatos: PVPC prices, without a key."""
