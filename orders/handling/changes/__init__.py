"""What a source changes after an order was accepted: what follows when that is taken, and what waits for a person."""
