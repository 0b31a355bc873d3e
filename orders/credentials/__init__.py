"""Who may call: sources with their secrets, API keys with their scopes."""
