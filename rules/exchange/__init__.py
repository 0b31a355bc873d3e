"""Rules as files: everything as one bundle, and rule lists that come from elsewhere."""
