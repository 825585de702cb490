"""Nodes to blocks: labels, mathematics, questions, stills, prose."""
