"""The report page: the kept rate over the weeks, by channel, queue and person, and promised against actual."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup
from msgspec import Struct

from channels import registry
from channels.errors import Misconfigured
from router.desk import kept, plots
from router.desk.failures import Invalid
from router.desk.kept import By, FigureView, Filter
from router.desk.parts import Parts
from router.desk.plots import Bar, Dot, Line, Plot
from router.desk.sight import Sight
from router.kept import figures
from router.kept.figures import SLACK_S, Group
from router.kept.reasons import said

#: Waits drawn one by one, the newest of them listed, and how many of anybody's are looked at for them.
DRAWN, LISTED, READ = 600, 20, 6000
#: Weeks in which they are looked for.
LATELY = 3
#: Choices of how far to look back.
WEEKS = (4, 12, 26, 52)
#: Edges of slack that are written below their bars.
_WRITTEN = {
    -86400: "−1 day",
    -3600: "−1 h",
    -300: "−5 min",
    0: "0",
    900: "15 min",
    7200: "2 h",
    86400: "1 day",
}


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
    people: list[Choice]
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
    titles = {"channel": "By channel", "queue": "By queue", "agent": "By person"}
    sections = [
        Section(
            by="channel", title=titles["channel"], head="Channel", rows=kept.rows(days, "channel", admits)
        ),
        Section(by="queue", title=titles["queue"], head="Queue", rows=kept.rows(days, "queue", admits)),
        Section(
            by="agent",
            title=titles["agent"],
            head="Person",
            rows=kept.rows(days, "agent", kept.admitted(seen, asked, "agent")),
        ),
    ]
    slack = _bars(figures.summed(days, "", admits).get("", Group()))
    late = sum(one.slack_s < 0 for one in waits)
    return Report(
        asked=asked,
        whole=kept.whole(days, admits),
        by_week=weeks,
        sections=sections,
        slack=_in_words(slack),
        waits=waits[:LISTED],
        drawn=len(waits),
        late=late,
        plots={
            "weeks": _kept_by_week(weeks.rows),
            "slack": _slack(slack),
            "actual": _actual(waits, late),
        },
        people=_people(parts, seen),
        names=_names(parts, sections),
    )


def _weeks(parts: Parts, asked: Filter, days: list[figures.Day], admits: Any) -> list[FigureView]:
    """Return a row for each week asked for, also those in which nothing was promised, the newest last."""
    known = figures.summed(days, "day", admits)
    monday = kept.today(parts) - timedelta(days=kept.today(parts).weekday())
    mondays = [monday - timedelta(weeks=back) for back in reversed(range(asked.weeks))]
    return [kept.view(name, known.get(name, Group())) for name in map(figures.week_of, mondays)]


def _kept_by_week(rows: list[FigureView]) -> Markup:
    told = [(row.name, row.kept_rate) for row in rows if row.kept_rate is not None]
    said = (
        f"From {told[0][0]} to {told[-1][0]}: {percent(told[0][1])} kept at first, {percent(told[-1][1])} at last."
        if told
        else "No promise has ended in these weeks."
    )
    found = [
        Line(name="kept", look="kept", values=tuple(row.kept_rate for row in rows)),
        Line(name="as first said", look="first", values=tuple(row.first_rate for row in rows)),
    ]
    plot = Plot(id="weeks", title="Promises kept by week", said=f"{said} The table below has every week.")
    return plots.lines(plot, [_short(row.name) for row in rows], found)


def _slack(bars: list[Bar]) -> Markup:
    late, all_ = sum(bar.count for bar in bars if bar.late), sum(bar.count for bar in bars)
    said = f"{all_ - late} answers came in time and {late} late. The table below has the counts."
    return plots.histogram(Plot(id="slack", title="Time to spare", said=said), bars)


def _actual(waits: list[kept.Wait], late: int) -> Markup:
    said = f"Of the newest {len(waits)} answers {late} came after the promised time and lie above the line."
    dots = [
        Dot(
            promised_s=(one.last - one.arrived).total_seconds(),
            actual_s=(one.actual - one.arrived).total_seconds(),
        )
        for one in waits
    ]
    return plots.scatter(Plot(id="actual", title="Promised against actual", said=said), dots)


def _bars(whole: Group) -> list[Bar]:
    """Return a bar for each bin of slack; the first holds all that was later still, the last all beyond."""
    edges: list[float | None] = [None, *SLACK_S]
    return [
        Bar(
            label=_WRITTEN.get(int(edge), "") if edge is not None else "",
            count=whole.slack.get(place, 0),
            late=edge is None or edge < 0,
        )
        for place, edge in enumerate(edges)
    ]


def _in_words(bars: list[Bar]) -> list[tuple[str, int, bool]]:
    """Return the histogram as a table, without empty rows."""
    words = [
        f"more than {span(SLACK_S[0])} late",
        *(_between(low, high) for low, high in pairwise(SLACK_S)),
        f"{span(SLACK_S[-1])} early or more",
    ]
    return [(said, bar.count, bar.late) for said, bar in zip(words, bars, strict=True) if bar.count]


def _between(low: float, high: float) -> str:
    if low < 0:
        return f"{span(high)} to {span(low)} late" if high < 0 else f"up to {span(low)} late"
    return f"{span(low)} to {span(high)} early" if low > 0 else f"in time, up to {span(high)} early"


def _people(parts: Parts, seen: Sight) -> list[Choice]:
    everybody = parts.book().people.values()
    return [Choice(id=one.id, name=one.name) for one in everybody if seen.admits_agent(one.id)]


def _names(parts: Parts, sections: list[Section]) -> dict[str, str]:
    """Return what to call the people and channels of the tables."""
    people = {one.id: one.name for one in parts.book().people.values()}
    channels = {row.name: channel_title(row.name) for section in sections for row in section.rows}
    return {**channels, **people}


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


def moment(at: datetime, zone: str) -> str:
    """Return an instant as the report writes it."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _short(week: str) -> str:
    """Return the first day of a week as people write it in a plot."""
    day: date = figures.monday_of(week)
    return f"{day.day} {day:%b}"


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "–" if share is None else f"{100 * share:.1f} %"


#: What the page's template may call.
FILTERS = {"percent": percent, "span": span, "slack": slack, "moment": moment, "because": said}
