"""The doors by which orders come: signed webhooks of our own kind and of shops."""
