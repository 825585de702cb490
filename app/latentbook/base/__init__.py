"""Foundations that every other folder may import: errors, files, data files, hashes, caches."""
