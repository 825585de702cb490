"""The API: one router per file."""

from latentbook.api import atlas, decode, encode, grid, health, instruments, models

ROUTERS = (
    models.router,
    grid.router,
    atlas.router,
    decode.router,
    encode.router,
    instruments.router,
    health.router,
)
