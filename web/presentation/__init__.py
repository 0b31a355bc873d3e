"""Values in words and in forms: days, numbers, settings, changes, charts."""
