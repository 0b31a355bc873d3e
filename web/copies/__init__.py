"""What is done to an installation as a whole: what a copy brings back to life, and a new secret for it."""
