"""A course laid over the book: its own text and instruments first, then the book's."""
