"""Trained decoders over HTTP, here or on replicas: a plugin of Latentbook."""
