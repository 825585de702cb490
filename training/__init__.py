"""Programs that made the weights and arrays of the book. Not part of the wheel."""
