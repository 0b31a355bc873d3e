"""`houblon` from a shell."""
