"""What carries the instruments: their checks, their frames, the host of readers' code."""
