"""Documents as values: their schemas, statements, differences, merges, and how groups inherit."""
