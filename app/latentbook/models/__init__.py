"""The decoders: architectures, weights with their cards, and how they are loaded."""
