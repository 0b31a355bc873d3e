"""The pages of invoices, for the house and for the buyer."""
