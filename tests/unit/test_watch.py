"""`handleby queues` on a terminal of 80 columns."""

import io
from typing import Any

from rich.console import Console

from router.cli.watch import WIDTH, show

ROW: dict[str, Any] = {
    "name": "a queue of a very long name",
    "channel": "facebook",
    "depth": 12345,
    "in_flight": 1234,
    "oldest_age_s": 86_400.0 * 12,
    "arrivals_per_min": 12.5,
    "handled_per_min": 3.25,
    "drain_s": 5400.0,
    "at_risk": 1234,
    "overdue": 1234,
    "next_due_at": "2026-11-23T12:00:00.000Z",
    "parked": 123,
}
BELL = {**ROW, "name": "inbound.facebook", "handled_per_min": None, "drain_s": None, "next_due_at": None}
CAUSE = {
    "text": "Automatic notes [of all] are paused.",
    "since": "2026-11-23T10:00:00.000Z",
    "impact": "Messages get a person and a due time as always, but their senders are not told.",
    "next": "`handleby notes resume` sends them again.",
}


def printed(**more: Any) -> list[str]:
    """Return the lines that the command prints."""
    document = {
        "status": "warning",
        "causes": [CAUSE],
        "queues": [ROW, BELL],
        "promises": {"made": 10, "kept": 9, "renewed": 1, "broken": 0, "kept_rate": 0.9},
        "channels": [{"name": "email", "account": "support", "state": "down", "error": "refused [535]"}],
        **more,
    }
    out = io.StringIO()
    show(document, Console(file=out, width=WIDTH, highlight=False, emoji=False))
    return out.getvalue().splitlines()


def test_a_terminal_of_80_columns_is_enough() -> None:
    """Every queue stands on one line, with all its figures whole, and names that are long are cut."""
    lines = printed()
    assert max(len(line) for line in lines) <= WIDTH
    (row,) = [line for line in lines if line.startswith("a queue of a")]
    for figure in ("12345", "1234", "12 d", "2 h", "123", "23 Nov 12:00"):
        assert figure in row
    (bell,) = [line for line in lines if line.startswith("inbound.facebook")]
    assert bell.split().count("-") == 2


def test_what_is_wrong_is_said_as_it_is() -> None:
    """Causes, what to do and errors come whole, brackets included."""
    text = " ".join(" ".join(printed()).split())
    assert "Automatic notes [of all] are paused. Since 23 Nov 10:00." in text
    assert "`handleby notes resume` sends them again." in text
    assert "email/support: down refused [535]" in text
    assert "made 10, kept 9, renewed 1, broken 0, kept rate 0.90" in text


def test_nothing_to_do_is_fine() -> None:
    """Without queues there is still an answer."""
    assert printed(queues=[], causes=[])[0] == "warning"
