"""Logs on standard error: one JSON object per line, including those of libraries."""

import logging
import time
from collections import deque
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter, add_log_level, filter_by_level

SERVER = "latentbook"
"""Name of the server's own logger."""

WARN_S = 60

log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger(SERVER),
    processors=[filter_by_level, add_log_level, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
)

warned: dict[str, deque[float]] = {}


def warn(event: str, *, most: int = 1, **about: Any) -> None:
    """Log an event that clients can cause at will, in at most ``most`` lines per ``WARN_S``."""
    times = warned.setdefault(event, deque(maxlen=most))
    if len(times) < most or time.monotonic() - times[0] > WARN_S:
        times.append(time.monotonic())
        log.warning(event, **about)


def configure_logs(level: str) -> None:
    """Write all log lines of this level or above, from any logger."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[add_log_level],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # else ten lines per new database
