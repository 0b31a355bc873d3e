"""From a sender's bytes to an order: decoded, or mapped from a shop's own payload."""
