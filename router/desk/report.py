"""The report page: the kept rate over the weeks, by channel, queue and person, and promised against actual."""

from datetime import timedelta
from typing import Any

import msgspec
from markupsafe import Markup
from msgspec import Struct

from router.desk import drawn, kept, reading
from router.desk.failures import Invalid
from router.desk.kept import By, FigureView, Filter
from router.desk.parts import Parts
from router.desk.sight import Sight
from router.desk.verdict import Verdict, aim_of, verdict
from router.kept import figures
from router.kept.figures import Group

#: Waits drawn one by one, the newest of them listed, and how many of anybody's are looked at for them.
DRAWN, LISTED, READ = 600, 20, 6000
#: Weeks in which they are looked for.
LATELY = 3
#: Choices of how far to look back.
WEEKS = (4, 12, 26, 52)


class Choice(Struct, frozen=True, kw_only=True):
    """One entry of a list to choose from."""

    id: str
    name: str


class Section(Struct, frozen=True, kw_only=True):
    """A table of figures, with what its rows are."""

    by: By
    title: str
    head: str
    rows: list[FigureView]


class Report(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    asked: Filter
    verdict: Verdict
    whole: FigureView
    by_week: Section
    sections: list[Section]
    #: How much there was to spare, in words, how many answers that was, and whether they came late.
    slack: list[tuple[str, int, bool]]
    waits: list[kept.Wait]
    #: Promised waits looked at for the plot of promised against actual, and how many of them came late.
    drawn: int
    late: int
    plots: dict[str, Markup]
    #: What there is to choose from.
    people: list[Choice]
    channels: list[Choice]
    queues: list[Choice]
    names: dict[str, str]


def asked_of(query: Any) -> Filter:
    """Return what the page's address asks for. Raises Invalid."""
    try:
        found = msgspec.convert(
            {name: query[name] for name in ("weeks", "channel", "queue", "agent") if query.get(name)},
            Filter,
            strict=False,
        )
    except msgspec.ValidationError as error:
        raise Invalid(f"The report cannot show this: {error}") from None
    if not 1 <= found.weeks <= 53:
        raise Invalid("The report shows 1 to 53 weeks.")
    return found


async def report(parts: Parts, seen: Sight, asked: Filter) -> Report:
    """Gather what the page shows. Raises Forbidden for a colleague's own figures."""
    admits = kept.admitted(seen, asked, "")
    days = await kept.counted(parts, asked.weeks)
    lately = msgspec.structs.replace(asked, weeks=min(asked.weeks, LATELY))
    waits = [one async for page in kept.waits(parts, seen, lately, limit=DRAWN, read=READ) for one in page]
    weeks = Section(by="week", title="By week", head="Week", rows=_weeks(parts, asked, days, admits))
    sections = _sections(days, seen, asked)
    bars = drawn.bars(figures.summed(days, "", admits).get("", Group()))
    late = sum(one.slack_s < 0 for one in waits)
    whole = kept.whole(days, admits)
    anything = kept.admitted(seen, Filter(weeks=asked.weeks), "")
    return Report(
        asked=asked,
        verdict=_verdict(parts, whole, sections),
        whole=whole,
        by_week=weeks,
        sections=sections,
        slack=drawn.in_words(bars),
        waits=waits[:LISTED],
        drawn=len(waits),
        late=late,
        plots={
            "weeks": drawn.kept_by_week(weeks.rows),
            "slack": drawn.slack(bars),
            "actual": drawn.actual(waits, late),
        },
        people=[
            Choice(id=one.id, name=one.name)
            for one in parts.book().people.values()
            if seen.admits_agent(one.id)
        ],
        channels=[
            Choice(id=name, name=reading.channel_title(name))
            for name in figures.summed(days, "channel", anything)
        ],
        queues=[Choice(id=name, name=name) for name in figures.summed(days, "queue", anything)],
        names=_names(parts, [weeks, *sections]),
    )


def _sections(days: list[figures.Day], seen: Sight, asked: Filter) -> list[Section]:
    heads: tuple[tuple[By, str], ...] = (("channel", "Channel"), ("queue", "Queue"), ("agent", "Person"))
    return [
        Section(
            by=by,
            title=f"By {head.lower()}",
            head=head,
            rows=kept.rows(days, by, kept.admitted(seen, asked, by)),
        )
        for by, head in heads
    ]


def _verdict(parts: Parts, whole: FigureView, sections: list[Section]) -> Verdict:
    channels, queues = sections[0].rows, sections[1].rows
    book = parts.book()
    aim = aim_of(channels, lambda channel: book.policy(channel).promise_level)
    return verdict(whole, [(reading.channel_title(row.name), row) for row in channels], queues, aim)


def _weeks(parts: Parts, asked: Filter, days: list[figures.Day], admits: Any) -> list[FigureView]:
    """Return a row for each week asked for, also those in which nothing was promised, the newest last."""
    known = figures.summed(days, "day", admits)
    monday = kept.today(parts) - timedelta(days=kept.today(parts).weekday())
    mondays = [monday - timedelta(weeks=back) for back in reversed(range(asked.weeks))]
    return [kept.view(name, known.get(name, Group())) for name in map(figures.week_of, mondays)]


def _names(parts: Parts, sections: list[Section]) -> dict[str, str]:
    """Return what to call the weeks, people and channels of the tables."""
    people = {one.id: one.name for one in parts.book().people.values()}
    call = {"week": reading.days, "channel": reading.channel_title}
    return people | {
        row.name: call[section.by](row.name)
        for section in sections
        if section.by in call
        for row in section.rows
    }
