"""What happened, kept for ever: decisions and transitions, and the audit log of what people did."""
