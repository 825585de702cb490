"""What authors use besides the engine: beginnings, comparison, rules for prose. A plugin."""
