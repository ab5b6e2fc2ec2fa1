"""Plots as inline SVG: no script, no inline style, colours from the page's style sheet, told in words beside."""

from collections.abc import Callable, Iterable, Sequence
from math import log10

from markupsafe import Markup
from msgspec import Struct

#: Drawing area in units of the view box, small enough for a phone, and the room for the axes' labels.
WIDTH, HEIGHT = 480, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 30, 12, 34
#: Shortest and longest span that a logarithmic axis shows (s), and where it is marked.
SHORTEST, LONGEST = 60.0, 1_209_600.0
MARKS = ((60, "1 min"), (300, "5 min"), (1800, "30 min"), (7200, "2 h"), (28800, "8 h"),
         (86400, "1 day"), (604800, "1 week"))  # fmt: skip
#: Where the axis of shares may begin: four steps up to 100 % are round from each.
LOWS = (0.8, 0.6, 0.2, 0.0)
#: Most labels below a plot, so that none covers its neighbour.
LABELS = 7


class Plot(Struct, frozen=True, kw_only=True):
    """What every plot says of itself."""

    #: Unique on its page; names the title and description for screen readers.
    id: str
    title: str
    #: What it shows, in a sentence or two with the figures that matter.
    said: str


class Line(Struct, frozen=True, kw_only=True):
    """A line through shares between 0 and 1; None leaves a gap."""

    name: str
    #: Class for its colour: kept or first.
    look: str
    values: tuple[float | None, ...]


class Dot(Struct, frozen=True, kw_only=True):
    """One wait: what was promised and what it took, in seconds from the customer's message."""

    promised_s: float
    actual_s: float


class Bar(Struct, frozen=True, kw_only=True):
    """One bar of a histogram, with what is written below its left edge."""

    label: str
    count: int
    late: bool


def lines(plot: Plot, labels: Sequence[str], found: Sequence[Line]) -> Markup:
    """Draw shares over time; the axis begins at a round share below the lowest."""
    known = [value for line in found for value in line.values if value is not None]
    low = next(each for each in LOWS if each <= min(known, default=1.0))
    step = _width() / max(1, len(labels) - 1)

    def y(share: float) -> float:
        return _y((share - low) / (1 - low))

    parts = [_grid(y(low + (1 - low) * n / 4), f"{100 * (low + (1 - low) * n / 4):.0f} %") for n in range(5)]
    every = -(-len(labels) // LABELS)
    parts += [_below(LEFT + n * step, label) for n, label in enumerate(labels) if n % every == 0]
    for line in found:
        points = [
            (LEFT + n * step, y(value)) if value is not None else None for n, value in enumerate(line.values)
        ]
        parts.append(_path(points, line.look))
        parts += [_circle(*point, line.look, 2.8) for point in points if point is not None]
    return _svg(plot, parts)


def scatter(plot: Plot, dots: Iterable[Dot]) -> Markup:
    """Draw promised against actual on logarithmic axes; what lies above the diagonal came late."""

    def x(seconds: float) -> float:
        return LEFT + _width() * _log(seconds)

    def y(seconds: float) -> float:
        return _y(_log(seconds))

    parts = [_grid(y(at), label) for at, label in MARKS]
    parts += [_below(x(at), label) for at, label in MARKS]
    parts.append(_path([(x(SHORTEST), y(SHORTEST)), (x(LONGEST), y(LONGEST))], "even"))
    for dot in dots:
        place = x(dot.promised_s), y(dot.actual_s)
        late = dot.actual_s > dot.promised_s
        parts.append(_triangle(*place) if late else _circle(*place, "dot", 2.4))
    return _svg(plot, parts)


def histogram(plot: Plot, bars: Sequence[Bar]) -> Markup:
    """Draw how many waits had how much slack; late ones have a colour and a pattern of their own."""
    most = 4 * max(1, -(-max((bar.count for bar in bars), default=0) // 4))
    step = _width() / max(1, len(bars))
    parts = [_grid(_y(n / 4), f"{most * n / 4:.0f}") for n in range(5)]
    for n, bar in enumerate(bars):
        top, left = _y(bar.count / most), LEFT + n * step
        look = "bar late" if bar.late else "bar"
        parts.append(
            f'<rect class="{look}" x="{left + 1:.1f}" y="{top:.1f}" width="{step - 2:.1f}" '
            f'height="{HEIGHT - BOTTOM - top:.1f}"/>'
        )
        if bar.label:
            parts.append(_below(left, bar.label))
    return _svg(plot, parts)


def _svg(plot: Plot, parts: Iterable[str]) -> Markup:
    head = Markup(
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{id}-title {id}-said">'
        '<title id="{id}-title">{title}</title><desc id="{id}-said">{said}</desc>'
    ).format(w=WIDTH, h=HEIGHT, id=plot.id, title=plot.title, said=plot.said)
    return head + Markup("".join(parts)) + Markup("</svg>")  # noqa: S704  # parts hold numbers and escaped labels


def _width() -> float:
    return WIDTH - LEFT - RIGHT


def _y(share: float) -> float:
    """Return where a share of the height lies; what lies beyond is drawn at the edge."""
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(1.0, max(0.0, share))


def _log(seconds: float) -> float:
    within = min(LONGEST, max(SHORTEST, seconds))
    return log10(within / SHORTEST) / log10(LONGEST / SHORTEST)


def _grid(y: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        f'<text class="tick side" x="{LEFT - 6}" y="{y + 4:.1f}">{Markup.escape(label)}</text>'
    )


def _below(x: float, label: str) -> str:
    return f'<text class="tick below" x="{x:.1f}" y="{HEIGHT - BOTTOM + 22}">{Markup.escape(label)}</text>'


def _path(points: Sequence[tuple[float, float] | None], look: str) -> str:
    """Return a line through the points, broken where one is missing."""
    steps: list[str] = []
    pen: Callable[[float, float], str] = _move
    for point in points:
        if point is None:
            pen = _move
        else:
            steps.append(pen(*point))
            pen = _draw
    return f'<path class="line {look}" d="{" ".join(steps)}"/>' if steps else ""


def _move(x: float, y: float) -> str:
    return f"M{x:.1f} {y:.1f}"


def _draw(x: float, y: float) -> str:
    return f"L{x:.1f} {y:.1f}"


def _circle(x: float, y: float, look: str, radius: float) -> str:
    return f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'


def _triangle(x: float, y: float) -> str:
    return f'<path class="dot late" d="M{x:.1f} {y - 3:.1f}l3 5.5h-6z"/>'
