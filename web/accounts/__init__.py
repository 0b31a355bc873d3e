"""The pages of people’s accounts: their own, everybody’s, and the invitation."""
