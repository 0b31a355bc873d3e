"""What the API answers in rooms of their own, as types: invoices and what follows an acceptance, refused calls."""
