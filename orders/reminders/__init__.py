"""Reminders of what buyers owe: when each is due, what it says, and where a person stopped them."""
