"""The machinery around instruments: checks, frames, the host of readers' code."""
