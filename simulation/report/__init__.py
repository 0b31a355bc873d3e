"""What a comparison came to, as data, as tables and as files."""
