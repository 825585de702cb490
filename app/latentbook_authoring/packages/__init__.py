"""``latentbook packages``: what readers' code can import."""
