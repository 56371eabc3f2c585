"""OpenWeatherMap: current weather, and One Call where the key has it."""
