"""Retailers, the groups they belong to, and the distributors who deliver."""
