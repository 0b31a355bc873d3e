"""Decides: from facts and a compiled policy to the outcome, its reasons, and what would have changed it."""
