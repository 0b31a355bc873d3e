"""What the two busiest addresses are quicker by, and nothing depends on: a fast path before Flask, a process that writes."""
