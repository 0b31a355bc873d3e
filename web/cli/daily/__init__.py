"""What people do on pages day by day, from a shell: keys, orders, invoices, retailers, proposals, versions, messages."""
