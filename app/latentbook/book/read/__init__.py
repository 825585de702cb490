"""Files of a book, to nodes: no block is made and nothing is written here."""
