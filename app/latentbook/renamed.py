"""Old names of settings, commands and keys: accepted for one more version, with a warning."""

import warnings
from collections.abc import Mapping

SETTINGS = {
    "code_seconds": "code_timeout",
    "site_path": "base_path",
    "class_seats": "class_max_phones",
}
KEYS: dict[tuple[str, ...], dict[str, str]] = {
    (): {"days": "schedule", "elsewhere": "full_book_url"},
    ("replace",): {"of": "original_sha256"},
}
"""Of ``book.toml`` and ``course.toml``, by the table that they are in."""

FRONT_MATTER = {"formerly": "aliases"}
OPTIONS = {"then": "alt-revealed"}


def warn(old: str, new: str) -> None:
    message = f"{old} is now called {new}. The next version will not accept the old name."
    warnings.warn(message, FutureWarning, stacklevel=3)


def old_settings(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for old, new in SETTINGS.items():
        name = f"LATENTBOOK_{old.upper()}"
        if name in environment:
            warn(name, f"LATENTBOOK_{new.upper()}")
            found[new] = environment[name]
    return found
