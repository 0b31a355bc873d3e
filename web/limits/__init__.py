"""How much of anything a caller may send, hold or fill, asked before anything looks at it."""
