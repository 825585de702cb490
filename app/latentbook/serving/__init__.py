"""How a running server stays up to date: builds while it serves, what it says of its health."""
