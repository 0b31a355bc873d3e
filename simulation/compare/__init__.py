"""Two policies as one query over columns: what changes, and what moving a threshold would do."""
