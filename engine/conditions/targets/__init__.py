"""One condition tree, several readers."""
