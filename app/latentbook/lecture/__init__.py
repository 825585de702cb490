"""Class mode: a hall that answers together, by phone, without accounts (docs/class.md)."""
