"""A process that records orders on another core while many come at once."""
