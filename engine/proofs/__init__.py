"""Proves what a policy can never do: questions about every possible order, each answer tried on the engine (z3)."""
