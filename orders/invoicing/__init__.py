"""Invoices and credit notes: issued once, taxed, printed, and what becomes of them."""
