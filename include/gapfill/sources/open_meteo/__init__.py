"""Open-Meteo: modelled weather, without a key."""
