"""Class mode: live answers from phones, without accounts (docs/class.md)."""
