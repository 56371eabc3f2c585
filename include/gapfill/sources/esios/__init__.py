"""ESIOS: PVPC by indicator with a token, and by archive without one."""
