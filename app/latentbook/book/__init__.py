"""From Markdown to a finished site: load, parse, render."""
