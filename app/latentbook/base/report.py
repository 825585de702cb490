"""Progress reports of long tasks."""

from collections.abc import Callable
from typing import TypeAlias

Report: TypeAlias = Callable[[str], None]
"""A function that shows one line."""
