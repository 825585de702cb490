"""The API: one router a file."""

from app.api import decode, encode, grid, models

ROUTERS = (models.router, grid.router, decode.router, encode.router)
"""Every router below ``/api``."""
