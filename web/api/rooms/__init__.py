"""Resources of the API that speak of what the ledger records: their operations, and their shapes beside them."""
