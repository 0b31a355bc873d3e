"""Delivers what the ledger promised: by mail and by webhook, at least once."""
