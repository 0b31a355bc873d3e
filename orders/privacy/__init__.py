"""What the ledger keeps of a person: handed out whole, replaced when it may be, removed when it is old enough."""
