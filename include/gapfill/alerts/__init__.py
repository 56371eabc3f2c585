"""Alerts: conditions that a run found, incidents built from them, and their messages."""
