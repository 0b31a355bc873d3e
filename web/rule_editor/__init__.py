"""The editor of one rule: conditions built without code."""
