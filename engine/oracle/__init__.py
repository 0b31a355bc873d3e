"""The compiled policy beside `business-rules` itself, at the edges of the policy."""
