"""What retailers owe, told to them: the statement of an account."""
