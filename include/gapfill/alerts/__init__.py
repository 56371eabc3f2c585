"""Alerts: conditions that a run observed, the incidents built from them, and their messages."""
