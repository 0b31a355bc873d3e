"""What other systems are told: endpoints, and events put in the outbox with the fact itself."""
