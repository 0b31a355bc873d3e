"""Who may do what: accounts, sessions, roles, second factors, and limits on guessing."""
