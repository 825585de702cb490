"""The API: one router a file."""

from app.api import atlas, decode, encode, grid, models

ROUTERS = (models.router, grid.router, atlas.router, decode.router, encode.router)
"""Every router below ``/api``."""
