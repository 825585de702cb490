"""Logs on standard error: one JSON object per line, also for libraries."""

import logging

import structlog
from structlog.stdlib import ProcessorFormatter, add_log_level, filter_by_level

SERVER = "latentbook"
"""Name of the server's own logger."""

log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger(SERVER),
    processors=[filter_by_level, add_log_level, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
)


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
