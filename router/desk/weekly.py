"""The page of the weekly letter: one sheet to read or print, and whom it went to."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.desk.failures import Invalid
from router.desk.kept import today
from router.desk.parts import Parts
from router.desk.reading import channel_title, unbroken
from router.kept import figures, letter, mail
from router.kept.letter import Letter
from router.kept.post import KIND, Copy, mailing_of
from router.kept.reasons import help_against

#: How far back a letter is written; nothing is known from before.
BACK = timedelta(weeks=520)
#: How the states of a copy read.
STATES = {
    "waiting": "waiting to be sent",
    "sending": "being sent",
    "sent": "sent",
    "failed": "not sent",
    "unknown": "in doubt; ask whether it arrived, it is not sent again",
}


class Sheet(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    letter: Letter
    #: The weeks beside it; "" where the next one has not begun.
    before: str
    after: str
    title: str
    rates: str
    help: str
    gaps: list[str]
    channels: dict[str, str]
    copies: list[tuple[Copy, str]]


async def sheet(parts: Parts, week: str) -> Sheet:
    """Gather the sheet of a week, the last whole one unless named. Raises Invalid."""
    running = today(parts) - timedelta(days=today(parts).weekday())
    try:
        monday = figures.monday_of(week) if week else running - timedelta(days=7)
    except ValueError:
        raise Invalid(f"{week[:20]!r} is no week. Write it as 2026-W47") from None
    if not running - BACK <= monday <= running:
        raise Invalid(
            f"There is no letter about {week[:20]}: it goes back ten years, up to the running week."
        )
    found = await letter.compose(parts.store, parts.book(), monday, ZoneInfo(parts.zone))
    record = await parts.store.record(KIND, found.week)
    copies = mailing_of(record).copies if record is not None else ()
    names = {one.channel for one in found.misses} | ({found.words.channel} if found.words else set())
    return Sheet(
        letter=found,
        before=figures.week_of(monday - timedelta(days=7)),
        after=figures.week_of(monday + timedelta(days=7)) if monday < running else "",
        title=mail.day(found),
        rates=unbroken(mail.rates(found)),
        help=help_against(found.causes),
        gaps=[mail.gap_told(one, found.zone) for one in found.gaps],
        channels={name: channel_title(name) for name in names},
        copies=[(one, STATES.get(one.state, one.state)) for one in copies],
    )
