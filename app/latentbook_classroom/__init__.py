"""A course with people, assignments and marks, and class mode: a plugin of Latentbook."""

from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")
STATIC = Path(__file__).with_name("static")
"""Scripts and style sheets."""
