"""Latentbook: an interactive textbook on representation learning, and the engine that runs it."""
