"""The pages of simulations: over the ledger or a file, their progress and their report."""
