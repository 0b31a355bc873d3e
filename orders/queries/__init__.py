"""What pages and the API ask of the ledger, paged by key."""
