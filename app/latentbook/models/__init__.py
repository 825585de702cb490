"""The decoders: architectures, training, weights with their cards, and how they are loaded."""
