import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from channels.errors import NotSent
from channels.message import Identity
from router import log
from router.errors import StoreDown

Lines = Callable[[], list[dict[str, Any]]]

TEXT = "Where is my red bicycle"
ADDRESS = "ana.lima@example.org"


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Collect what is logged while the test runs, one JSON object a line."""
    stream = io.StringIO()
    log.configure("debug", "json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.configure("warning")


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        (f"mail from {ADDRESS} came", ADDRESS),
        ("From: =?x?= <Ana+tag@sub.example.org>", "Ana+tag"),
        ("call +45 12 34 56 78 now", "12 34"),
        ("call (+45) 12345678", "12345678"),
        ("or 555.123.4567, please", "123.4567"),
        ("amqp://router:hunter2@rabbit:5672/", "hunter2"),
        ("mongodb://u:p%40ss@db/handleby", "p%40ss"),
        ("GET /sign-in?token=abc.def&next=/", "abc.def"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ('password = "open sesame"', "sesame"),
        ("key 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "3q2-7w"),
    ],
)
def test_what_must_not_be_said_is_taken_out(said: str, hidden: str) -> None:
    """Addresses, phone numbers, tokens and passwords do not survive redaction."""
    assert hidden not in log.redact(said)


@pytest.mark.parametrize(
    "said",
    [
        "listening on 127.0.0.1:8080",
        "due at 2026-11-21T15:40:00+00:00",
        "conversation cv_3f2a9c HB-7K2Q9",
        "took 0.123456789 s, 12345 messages",
        "mongodb://192.168.100.200:27017/handleby",
    ],
)
def test_what_helps_is_left_alone(said: str) -> None:
    """Times, ids, ports and hosts are still there after redaction."""
    assert log.redact(said) == said


def test_a_message_cannot_forge_a_line() -> None:
    """Line breaks, terminal codes, direction marks and half characters are written out."""
    shown = log.redact("a\nlevel=error\x1b[31m\u202e\u2028\x9b\ud800")
    assert shown == "a\\x0alevel=error\\x1b[31m\\x202e\\x2028\\x9b\\xd800"


def test_no_text_and_no_address_is_logged(lines: Lines) -> None:
    """Texts, people and whole values are hidden by key, by form and by type."""
    logger = log.get("router.test")
    sender = Identity(kind="email", address=ADDRESS, name="Ana Lima")
    logger.info("message accepted", text=TEXT, subject=TEXT, sender=sender, who=sender, body=TEXT.encode())
    logger.info("more", details={"email": ADDRESS, "text": TEXT, "n": 1}, seen=[ADDRESS], blob=TEXT.encode())
    logger.warning("failed", reply_token="tok", account="support", error=ValueError(TEXT))
    shown = json.dumps(lines())
    for secret in (TEXT, ADDRESS, "Ana Lima", "tok"):
        assert f'"{secret}' not in shown
    assert TEXT not in shown
    assert lines()[1]["details"] == {"email": "[hidden]", "text": "[hidden]", "n": 1}
    assert lines()[2]["account"] == "support"
    assert lines()[2]["error"] == "ValueError"


def test_an_error_tells_where_but_not_what_it_read(lines: Lines) -> None:
    """A traceback names files and lines; of a foreign error's words nothing is shown, ours are."""
    try:
        try:
            raise ValueError(TEXT)
        except ValueError as error:
            raise NotSent("the server closed the connection", after_s=1) from error
    except NotSent:
        log.get("channels.test").exception("sending failed")
    (line,) = lines()
    assert TEXT not in json.dumps(line)
    assert line["trace"][0] == "NotSent: the server closed the connection"
    assert "test_log.py" in line["trace"][1]
    assert "ValueError" in line["trace"]


def test_grouped_errors_are_unfolded(lines: Lines) -> None:
    """Each error of a task group is named."""
    group = ExceptionGroup("unhandled", [StoreDown(), ValueError(TEXT)])
    log.get("router.test").error("stopped", exc_info=group)
    trace = lines()[0]["trace"]
    assert any("StoreDown: The store did not answer" in line for line in trace)
    assert any(line.endswith("ValueError") for line in trace)
    assert TEXT not in json.dumps(trace)


def test_libraries_speak_through_the_same_gate(lines: Lines) -> None:
    """What a library logs at warning is redacted; what it logs below is not shown at all."""
    library = logging.getLogger("some.library")
    library.info("body: %s", TEXT)
    library.warning("%s sent %r and %d\nbody: %s", ADDRESS, ValueError(TEXT), 3, TEXT)
    library.error("%(host)s refused %(who)s", {"host": "mx.example.org", "who": ADDRESS})
    shown = lines()
    assert len(shown) == 2
    assert TEXT not in json.dumps(shown)
    assert ADDRESS not in json.dumps(shown)
    assert shown[1]["event"] == "mx.example.org refused [address]"


async def test_a_forgotten_task_does_not_quote_its_message(lines: Lines) -> None:
    """The event loop's own report of an error does not repeat the error's words."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError(TEXT), "task": TEXT}
    )
    assert TEXT not in json.dumps(lines())
    assert lines()[0]["event"].startswith("Task exception was never retrieved")


def test_lines_about_one_message_carry_its_short_name(lines: Lines) -> None:
    """Every line inside the block has the correlation id, the same each time; after it, none."""
    with log.bind_correlation("smtp:secret-key", reference="HB-7K2Q9", channel="email"):
        log.get("router.test").info("decided")
    log.get("router.test").info("idle")
    inside, outside = lines()
    assert inside["correlation"] == log.correlation("smtp:secret-key")
    assert (inside["reference"], inside["channel"]) == ("HB-7K2Q9", "email")
    assert "correlation" not in outside
    assert get_contextvars() == {}


def test_the_console_shows_one_line_an_event() -> None:
    """The form for people has the same words, and a trace on lines of its own."""
    stream = io.StringIO()
    log.configure("info", "console", stream=stream)
    log.get("router.test").info("started", text=TEXT, port=8080)
    log.get("router.test").debug("not shown")
    log.get("router.test").error("broken", exc_info=StoreDown())
    log.configure("warning")
    shown = stream.getvalue()
    assert "started" in shown
    assert "port=8080" in shown
    assert "not shown" not in shown
    assert TEXT not in shown
    assert "\nStoreDown: The store did not answer" in shown


def test_a_closed_stream_stops_no_work() -> None:
    """When nobody reads the log any more the service goes on."""
    stream = io.StringIO()
    log.configure("info", "json", stream=stream)
    stream.close()
    log.get("router.test").error("nobody hears this")
    log.configure("warning")


def test_before_it_is_configured_it_is_redacted_too() -> None:
    """A program that never configures the log shows warnings only, and no text."""
    program = (
        "from router import log; logger = log.get('router.x'); "
        f"logger.info('quiet'); logger.warning('mail from {ADDRESS}', text='{TEXT}')"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = found.stderr.splitlines()
    assert found.stdout == ""
    assert json.loads(line)["event"] == "mail from [address]"
    assert TEXT not in line
