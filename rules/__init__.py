"""What people write: groups, cycles, scenarios, and the versions they make."""
