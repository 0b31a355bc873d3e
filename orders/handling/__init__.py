"""What is done with an order: received, reviewed, amended, delivered, cancelled, tried, decided again."""
