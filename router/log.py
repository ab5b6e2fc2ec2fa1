"""Logs that help and tell nothing of customers: structured, correlated, redacted."""

import hashlib
import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import Processor

from router.redact import clean, redact, trace

__all__ = ["bind_correlation", "configure", "correlation", "get", "redact"]

#: Keys that logging itself sets; they hold nothing from outside.
OWN = frozenset({"level", "timestamp", "logger", "correlation", "trace"})
#: Our own loggers speak at the level asked for; others, whose details quote mail and tokens, from warnings on.
OURS = ("channels", "router", "rules")


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; call it with a fixed sentence and keywords."""
    return structlog.stdlib.get_logger(name)


def configure(level: str = "info", fmt: str = "auto", *, stream: TextIO | None = None) -> None:
    """Send everything that is logged, by us or by a library, through redaction to standard error.

    `fmt` is `json`, `console` or `auto`: console on a terminal, else JSON. May be called again.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _traced,
        _redacted,
    ]
    json = fmt == "json" or (fmt == "auto" and not stream.isatty())
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    last += [structlog.processors.JSONRenderer(ensure_ascii=False)] if json else [_lines, _console(stream)]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(shared, last))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _formatter(shared: list[Processor], last: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign, *shared], processors=last, pass_foreign_args=True, use_get_message=False
    )


def correlation(key: str) -> str:
    """Return the short name of a message in logs: the same in every process, and not to be turned back."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def bind_correlation(key: str = "", *, reference: str = "", **ids: str) -> AbstractContextManager[None]:
    """Put the message's short name, or the conversation's reference, on every line logged inside the block."""
    bound = {"correlation": correlation(key) if key else "", "reference": reference, **ids}
    return bound_contextvars(**{name: value for name, value in bound.items() if value})


def _foreign(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Word a library's line again with its arguments redacted; only its first line, the rest quotes values."""
    record: logging.LogRecord = event["_record"]
    arguments = event.pop("positional_args", ())
    template = str(record.msg).splitlines()[0] if str(record.msg) else ""
    try:
        if isinstance(arguments, Mapping):
            template %= {key: _word(value) for key, value in arguments.items()}
        elif arguments:
            template %= tuple(_word(value) for value in arguments)
    except (TypeError, ValueError, KeyError):
        pass  # its arguments do not fit its first line: the bare line must do
    event["event"] = template
    return event


def _word(value: Any) -> Any:
    cleaned = clean("argument", value)
    return cleaned if isinstance(cleaned, int | float) else str(cleaned)


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace exc_info by where the error came from; the interpreter's own text may quote a message."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["trace"] = trace(error)
    return event


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key == "event":
            event[key] = redact(value) if isinstance(value, str) else clean(key, value)
        elif key not in OWN and not key.startswith("_"):
            event[key] = clean(key, value)
    return event


def _lines(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if "trace" in event:
        event["exception"] = "\n".join(event.pop("trace"))
    return event


def _console(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=40)
