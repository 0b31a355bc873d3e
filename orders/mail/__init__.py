"""What people are told by mail, in their language."""
