"""What a bank says came in, matched to the invoices that it pays."""
