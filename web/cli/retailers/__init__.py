"""Commands about who buys: cards, groups, files of memberships, joining, statements."""
