"""What Houblon tells those who run it: whether it is ready, what it counts and holds, and what failed in a command."""
