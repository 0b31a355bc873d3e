"""Conditions: the vocabulary they speak of, their tree, and its readers in `targets`."""
