"""What every SQL database shares: tables beside the readings, the ledger, quotas, writes, undo."""
