"""Pages of products: the list, a card, and files of them."""
