"""How a promised time came about, as people read it: in `handleby explain`, in the API and on the desk."""

from msgspec import Struct

from router.conversation import Promise, QuoteParts
from rules.evaluate import Rulebook
from rules.hours import Interval

#: The longest step of rounding, seconds.
STEP_MOST_S = 3600.0
#: Pieces of open time that are listed.
PIECES = 14


class Figure(Struct, frozen=True, kw_only=True):
    """One figure that a time was made of."""

    name: str
    #: With its unit, as people say it.
    value: str
    #: What it means, in a sentence.
    means: str


def figures(made: Promise) -> list[Figure]:
    """Return what the time was made of, in the order in which it was reckoned; empty where only the target was."""
    parts = made.parts
    if parts is None:
        return []
    found = [
        ("People", f"{parts.people:.1f}", "who are, or will be, on for it while the work ahead is done"),
        (
            "Work ahead",
            f"{_minutes(parts.work_s)} in {parts.items:.0f} conversations",
            "served before it, the more urgent ones that are still to come included",
        ),
        (
            "Time for that work",
            _minutes(parts.drain_s / parts.correction),
            "open time until its turn comes, by the people and the work alone",
        ),
        (
            "Correction",
            f"× {parts.correction:.2f} = {_minutes(parts.drain_s)}",
            "learnt: how long such work has really taken lately, beside what was reckoned",
        ),
        ("Time for the answer", _minutes(parts.handle_s), "what an answer on this channel has taken lately"),
        (
            "Expected",
            f"{_minutes(parts.mean_s)} ± {_minutes(parts.spread_s)}",
            "open time until the answer is there",
        ),
        (
            "Margin",
            f"{parts.z:.2f} × the spread = {_minutes(parts.z * parts.spread_s)}",
            f"learnt from how promises turned out, so that {parts.level * 100:.3g} % of them are kept",
        ),
        _said(parts),
    ]
    return [Figure(name=name, value=value, means=means) for name, value, means in found]


def _said(parts: QuoteParts) -> tuple[str, str, str]:
    """Return how the reckoned time became the one said; more than a step of rounding is none."""
    later = f"{_minutes(parts.rounding_s)} later"
    if parts.held == "wanted":
        return "Not before", later, "than reckoned: it was not wanted, or nobody is there, any earlier"
    if parts.held or parts.rounding_s > STEP_MOST_S:
        means = "than reckoned: as long as little is known, nothing earlier than the target is promised"
        return "Target", later, means
    how = "rounded up" if parts.rounding_s >= 0 else "rounded down"
    return "Rounding", f"{how} by {_minutes(abs(parts.rounding_s))}", "to a time that people say"


def counted(book: Rulebook, made: Promise) -> list[Interval]:
    """Return the hours of those who could answer it between the making and the time, else of whoever promised.

    Somebody who had said that they are away counts from when they are back.
    """
    staff = made.parts.staff if made.parts is not None and made.parts.staff else (made.by,)
    away = made.parts.away if made.parts is not None else {}
    hours = dict.fromkeys(
        (book.calendar_of(book.people[one]), max(away.get(one, made.made_at), made.made_at))
        for one in staff
        if one in book.people
    )
    pieces = [piece for each, start in hours for piece in each.intervals(start, max(start, made.at))]
    found: list[Interval] = []
    for piece in sorted(pieces, key=lambda one: (one.start, one.end)):
        if found and piece.start <= found[-1].end:
            found[-1] = Interval(start=found[-1].start, end=max(found[-1].end, piece.end))
        else:
            found.append(piece)
    return found[:PIECES]


def _minutes(seconds: float) -> str:
    if seconds < 90 and seconds > 0:
        return f"{seconds:.0f} s"
    if seconds < 120 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
