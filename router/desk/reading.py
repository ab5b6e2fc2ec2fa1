"""Shares, spans, weeks and moments as pages write them."""

from datetime import timedelta

from channels import registry
from channels.errors import Misconfigured
from router.kept import figures, mail
from router.kept.mail import moment
from router.kept.reasons import said


def channel_title(channel: str) -> str:
    """Return what a channel is called; its id when it is no longer there."""
    try:
        return registry.manifest(channel).title
    except Misconfigured:
        return channel


def span(seconds: float | None) -> str:
    """Return a span as people say it, its sign left out: 40 s, 25 min, 3 h 20 min, 2 days."""
    if seconds is None:
        return "–"
    minutes = round(abs(seconds) / 60)
    if minutes == 0:
        return f"{abs(seconds):.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} {'day' if days == 1 else 'days'}{f' {hours} h' if hours and days < 7 else ''}"


def slack(seconds: float | None) -> str:
    """Return slack in words."""
    if seconds is None:
        return "–"
    return f"{span(seconds)} late" if seconds < 0 else span(seconds)


def first_day(week: str) -> str:
    """Return the first day of a week as people write it in a plot."""
    day = figures.monday_of(week)
    return f"{day.day} {day:%b}"


def days(week: str) -> str:
    """Return the days of a week as people write them in a table: 16 to 22 Nov."""
    first = figures.monday_of(week)
    last = first + timedelta(days=6)
    month = "" if first.month == last.month else f" {first:%b}"
    return f"{first.day}{month} to {last.day} {last:%b}"


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "–" if share is None else unbroken(mail.percent(share))


def unbroken(text: str) -> str:
    """Return the text with its shares held together where a line ends."""
    return text.replace(" %", "\u00a0%")


#: What the page's template may call.
FILTERS = {"percent": percent, "span": span, "slack": slack, "moment": moment, "because": said}
