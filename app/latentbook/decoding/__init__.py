"""Runs the models: one thread that owns torch, its queue, and pictures made of many images."""
