"""The pages of retailers and of who belongs to which group."""
