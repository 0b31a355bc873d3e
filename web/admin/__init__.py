"""The pages of the installation: keys, sources, endpoints, messages, audit log, settings."""
