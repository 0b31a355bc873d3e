"""Orders in files that people have: opened safely, read by columns, told where they can’t be read."""
