"""Products: what the house sells, brought by hand or by file, and what can't be had now."""
