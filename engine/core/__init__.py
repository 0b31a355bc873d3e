"""What all the engine stands on: problems, money, numbers, strict JSON, and the order with its facts."""
