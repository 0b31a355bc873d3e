"""What is said of a version before it is published: faults that refuse it, warnings, and whom it touches."""
