"""How the weights and arrays of the book were made. Not part of the wheel."""
