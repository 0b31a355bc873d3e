"""The ledger as a database: tables, transactions, statements, caches, migrations."""
