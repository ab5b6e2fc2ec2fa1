"""The plots of the report page, each told in words as well."""

from itertools import pairwise

from markupsafe import Markup

from router.desk import plots
from router.desk.kept import FigureView, Wait
from router.desk.plots import Bar, Dot, Line, Plot
from router.desk.reading import days, first_day, percent, span
from router.kept.figures import SLACK_S, Group

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


def kept_by_week(rows: list[FigureView]) -> Markup:
    """Draw both rates over the weeks."""
    told = [(days(row.name), row.kept_rate) for row in rows if row.kept_rate is not None]
    said = (
        f"{percent(told[0][1])} kept in the week of {told[0][0]}, {percent(told[-1][1])} in that of {told[-1][0]}."
        if told
        else "No promise has ended in these weeks."
    )
    found = [
        Line(name="kept", look="kept", values=tuple(row.kept_rate for row in rows)),
        Line(name="as first said", look="first", values=tuple(row.first_rate for row in rows)),
    ]
    plot = Plot(id="weeks", title="Promises kept by week", said=f"{said} The table below has every week.")
    return plots.lines(plot, [first_day(row.name) for row in rows], found)


def slack(bars: list[Bar]) -> Markup:
    """Draw how long before the promised time answers came."""
    late, all_ = sum(bar.count for bar in bars if bar.late), sum(bar.count for bar in bars)
    said = f"{all_ - late} answers came in time and {late} late. The table below has the counts."
    return plots.histogram(Plot(id="slack", title="Time to spare", said=said), bars)


def actual(waits: list[Wait], late: int) -> Markup:
    """Draw the newest answers, each by what was promised and what it took."""
    said = f"Of the newest {len(waits)} answers {late} came after the promised time and lie above the line."
    dots = [
        Dot(
            promised_s=(one.last - one.arrived).total_seconds(),
            actual_s=(one.actual - one.arrived).total_seconds(),
        )
        for one in waits
    ]
    return plots.scatter(Plot(id="actual", title="Promised against actual", said=said), dots)


def bars(whole: Group) -> list[Bar]:
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


def in_words(bars: list[Bar]) -> list[tuple[str, int, bool]]:
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
