"""`/simulations`: over the ledger's orders or a file's, and their reports as documents and files."""
