"""Two policies over many orders: what changes, for whom, for how much; nothing is recorded of it."""
