"""Documents by version on disk: whole after any crash, looked up at speed."""
