"""The weekly letter, one page: how promises were kept, which were broken and why, and where next week is thin."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.conversation import Conversation, SendState
from router.engine.learnt import HANDLE_S
from router.kept import expected, figures, gaps, ownwords, tally
from router.kept.figures import Group, Missed
from router.kept.gaps import Gap
from router.kept.ownwords import Words
from router.learner import learnt_of
from router.ports import Store, Stored
from rules.evaluate import Rulebook

#: Broken promises named one by one, causes told, and gaps named.
MISSED, CAUSES, GAPS = 30, 3, 10
#: Answered conversations looked through for a thank-you, and messages of one conversation.
THANKED, MESSAGES = 40, 100


class Miss(Struct, frozen=True, kw_only=True):
    """A broken promise as the letter tells it."""

    reference: str
    channel: str
    queue: str
    promised: datetime
    #: When a person's answer came; None = not yet.
    actual: datetime | None
    reason: str


class Letter(Struct, frozen=True, kw_only=True):
    """The letter about one week."""

    #: Such as `2026-W47`, its first day, and the zone of all days and times.
    week: str
    monday: date
    zone: str
    whole: Group
    #: The week before.
    before: Group
    misses: tuple[Miss, ...]
    #: Broken promises that are not named.
    more: int
    causes: tuple[tuple[str, int], ...]
    words: Words | None
    #: Of the week after, those with the most work first cut to `GAPS`, in order of time.
    gaps: tuple[Gap, ...]
    more_gaps: int

    @property
    def empty(self) -> bool:
        """Tell whether nothing was promised and nobody waited."""
        whole = self.whole
        return not (whole.made or whole.kept or whole.broken or whole.waits)


async def compose(store: Store, book: Rulebook, monday: date, zone: ZoneInfo) -> Letter:
    """Gather the letter about the week that begins on this day."""
    days = await tally.read(store, figures.days_from(monday, 7))
    before = await tally.read(store, figures.days_from(monday - timedelta(days=7), 7))
    whole = figures.summed(days, "").get("", Group())
    missed = sorted((one for day in days for one in day.missed), key=lambda one: one.promised)
    named = missed[:MISSED]
    known = await _known(store, [one.conversation for one in named])
    misses = [miss(one, *known.get(one.conversation, (None, None))) for one in named]
    ahead = await _gaps(store, book, monday + timedelta(days=7), zone)
    shown = sorted(
        sorted(ahead, key=lambda one: -one.messages)[:GAPS], key=lambda one: (one.start, one.queue)
    )
    return Letter(
        week=figures.week_of(monday),
        monday=monday,
        zone=zone.key,
        whole=whole,
        before=figures.summed(before, "").get("", Group()),
        misses=tuple(misses),
        more=max(0, whole.broken - len(misses)),
        causes=tuple(tally.commonest([whole], CAUSES)),
        words=await _words(store, book, [one for one, _ in known.values()], (monday, zone)),
        gaps=tuple(shown),
        more_gaps=len(ahead) - len(shown),
    )


async def _known(store: Store, ids: Sequence[str]) -> dict[str, tuple[Conversation, Conversation]]:
    """Return conversations by id, each with the one that it lives on in: itself unless it was merged."""
    found = {one.id: one for one in await store.conversations(list(dict.fromkeys(ids)))}
    survivors = list(dict.fromkeys(one.merged_into for one in found.values() if one.merged_into))
    into = {one.id: one for one in await store.conversations(survivors)}
    return {id_: (one, into.get(one.merged_into, one)) for id_, one in found.items()}


def miss(one: Missed, conversation: Conversation | None, lives_on: Conversation | None = None) -> Miss:
    """Return a broken promise as it is told."""
    return Miss(
        reference=conversation.reference if conversation is not None else "",
        channel=one.channel,
        queue=one.queue,
        promised=one.promised,
        actual=answered_at(lives_on, one) if lives_on is not None else None,
        reason=one.reason,
    )


def answered_at(one: Conversation, missed: Missed) -> datetime | None:
    """Return when a person's answer left after the promise was made; None when none has."""
    since = missed.made or missed.promised
    sent = [
        item.sent_at
        for item in one.outbox
        if item.answers and item.state is SendState.SENT and item.sent_at is not None
    ]
    outside = [entry.at for entry in one.entries if entry.kind == "agent"]
    return min((at for at in (*sent, *outside) if at >= since), default=None)


async def _gaps(store: Store, book: Rulebook, monday: date, zone: ZoneInfo) -> list[Gap]:
    """Find the gaps of the week, by what came in the same hours of the weeks before."""
    back = 7 * expected.WEEKS
    days = await tally.read(store, figures.days_from(monday - timedelta(days=back), back))
    today = (await store.now()).astimezone(zone).date()
    until = min(monday, today)
    learnt = {channel: state.handle_s for channel, (_, state) in (await learnt_of(store)).items()}
    seconds = expected.usual(days, lambda channel: learnt.get(channel, HANDLE_S), until)
    return gaps.gaps(book, monday, zone, expected.usual(days, until=until), seconds)


async def _words(
    store: Store, book: Rulebook, missed: Sequence[Conversation], week: tuple[date, ZoneInfo]
) -> Words | None:
    """Return the words of a customer who was let down this week, else of one who said thanks."""
    names = ownwords.staff(book)
    start, end = (
        datetime.combine(day, datetime.min.time(), week[1]) for day in (week[0], week[0] + timedelta(days=7))
    )
    for one in missed:
        if found := ownwords.missed_words(one, await _said(store, one), names, end):
            return found
    lines = await store.happened("waited", since=start, until=end, limit=THANKED)
    for one in await store.conversations(list(dict.fromkeys(line.conversation for line in lines))):
        if found := ownwords.thankful_words(one, await _said(store, one), names, end):
            return found
    return None


async def _said(store: Store, one: Conversation) -> list[Stored]:
    lines = await store.transcript(one.id, after=0, limit=MESSAGES)
    return [line for line in lines if isinstance(line, Stored)]
