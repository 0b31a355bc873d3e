"""What follows a decision: orders, invoices and messages, exactly once and never lost."""
