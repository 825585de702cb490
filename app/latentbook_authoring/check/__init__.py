"""``latentbook check``."""
