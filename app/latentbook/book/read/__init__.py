"""Files of a book to nodes; creates no blocks and writes nothing."""
