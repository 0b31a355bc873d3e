"""Which days recur: recurrence rules (RFC 5545), delivery cycles, and both in words."""
