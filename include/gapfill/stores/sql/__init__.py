"""What all SQL stores share: Gapfill's own tables, the ledger, quotas, writes and undo."""
