"""The pages of delivery cycles."""
