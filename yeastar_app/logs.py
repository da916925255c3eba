"""How every process of ours writes its log: one line an event, tracebacks without the values of variables. Those hold
passwords and tokens, and drawing them takes time from everybody on the event loop."""

import sys

import structlog


def configure() -> None:
    """For the package's own first line: nothing of ours runs before it."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout is not None and sys.stdout.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    )
