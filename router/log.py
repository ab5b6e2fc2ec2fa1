"""Logs that help and tell nothing of customers: structured, correlated, redacted."""

import hashlib
import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import FilteringBoundLogger, Processor

from router.redact import clean, redact, trace

__all__ = ["bind_correlation", "configure", "correlation", "get", "redact"]

#: Keys that logging itself sets; they hold nothing from outside.
OWN = frozenset({"level", "timestamp", "logger", "correlation", "trace"})
#: Our own loggers speak at the level asked for; others, whose details quote mail and tokens, from warnings on.
OURS = ("channels", "router", "rules")


def get(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; call it with a fixed sentence and keywords."""
    return cast("FilteringBoundLogger", structlog.get_logger(name))


def configure(level: str = "info", fmt: str = "auto", *, stream: TextIO | None = None) -> None:
    """Send everything that is logged, by us or by a library, through redaction to standard error.

    `fmt` is `json`, `console` or `auto`: console on a terminal, else JSON. May be called again.
    """
    stream = stream or sys.stderr
    json = fmt == "json" or (fmt == "auto" and not stream.isatty())
    last: list[Processor] = (
        [_json] if json else [_lines, structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    )
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _named, *SHARED, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name="": Writer(stream, name),
        cache_logger_on_first_use=False,
    )
    _libraries(level, last, stream)


class Writer:
    """Writes lines to a stream, each at once; a stream that nobody reads any more stops no work."""

    def __init__(self, stream: TextIO, name: str) -> None:
        """Take the stream, and the name of whoever logs."""
        self._stream, self.name = stream, name

    def msg(self, line: str) -> None:
        """Write one line."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # closed: there is nowhere to say so

    debug = info = warning = error = critical = exception = log = msg


def _libraries(level: str, last: list[Processor], stream: TextIO) -> None:
    """Let the standard library's logging, which our libraries use, end in the same lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign, structlog.stdlib.add_logger_name, *SHARED],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            pass_foreign_args=True,
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


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


def _named(writer: Writer, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["logger"] = writer.name
    return event


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


def _json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


#: What every line passes, whoever logs it.
SHARED: list[Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _traced,
    _redacted,
]

# Until `configure` is called, and in programs that never do: warnings only, redacted all the same.
structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, _named, *SHARED, _json],
    wrapper_class=structlog.make_filtering_bound_logger("warning"),
    logger_factory=lambda name="": Writer(sys.stderr, name),
)
