"""From Markdown to a finished site."""
