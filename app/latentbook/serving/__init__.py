"""Keep a running server up to date: builds while it serves, reports on its health."""
