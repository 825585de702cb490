"""Read the files of a book; create no blocks and write nothing."""
