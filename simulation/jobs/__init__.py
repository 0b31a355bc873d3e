"""Simulations as work in the background: begun, followed, cancelled, kept for a while."""
