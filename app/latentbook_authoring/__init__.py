"""A plugin with tools for authors: scaffolds, checks, comparison of editions, rules for prose."""
