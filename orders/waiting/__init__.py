"""Orders that wait for a person: decided again when what held them may have changed, told of when they wait long."""
