"""The pages of drafts and versions: what would change, who agrees, what is in force."""
