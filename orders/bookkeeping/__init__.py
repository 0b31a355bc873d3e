"""What a bookkeeper takes: invoices, credit notes and payments of a period, as tables and as a journal."""
