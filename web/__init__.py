"""Pages, webhooks, API and shell; the only layer that knows HTTP, the environment and the clock."""
