"""The only place that knows HTTP, the environment and the clock."""
