"""Whether promises are kept, where not and what helps, in a few sentences: what the report says first."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from router.desk.kept import FigureView
from router.desk.reading import percent
from router.kept import reasons

#: Of fewer promises nobody can tell how well they are kept.
ENOUGH = 10
#: So far below the aim it is no longer a matter of luck.
FAR = 0.05
#: Decimals of a share that `percent` shows, of the share itself.
SHOWN = 3
#: Most places named.
WORST = 3


class Verdict(Struct, frozen=True, kw_only=True):
    """How promises are kept, for who looks for a moment."""

    #: ok, warning or critical; "" = nobody can tell yet.
    look: str
    said: str
    #: Channels and queues below the aim, the most broken promises first.
    weak: list[str]
    #: What the commonest reason is, and what helps against it; "" while all is well.
    help: str


def verdict(
    whole: FigureView, channels: Sequence[tuple[str, FigureView]], queues: Sequence[FigureView], aim: float
) -> Verdict:
    """Judge sums against the share that is to be kept; `channels` by title."""
    ended = whole.kept + whole.broken
    rate = whole.kept_rate
    if rate is None or ended < ENOUGH:
        few = (
            "No promise has"
            if not ended
            else "1 promise has"
            if ended == 1
            else f"Only {ended} promises have"
        )
        said = f"{few} come to an end: too few to say how well they are kept. The aim is {percent(aim)}."
        return Verdict(look="", said=said, weak=[], help="")
    # What is shown is what is judged: nobody reads "95.0 % kept, the aim is 95.0 %" as too few.
    rate = round(rate, SHOWN)
    said = f"{percent(rate)} of {ended} were kept. The aim is {percent(aim)}."
    named = [*channels, *((f"Queue {row.name}", row) for row in queues)]
    weak = sorted((pair for pair in named if _is_weak(pair[1], aim)), key=lambda pair: -pair[1].broken)
    look = "ok" if rate >= aim else "warning" if rate >= aim - FAR else "critical"
    return Verdict(
        look=look,
        said=f"Promises are kept: {said}" if look == "ok" else f"Too many promises are broken: {said}",
        weak=[f"{name}: {percent(row.kept_rate)} kept, {row.broken} broken" for name, row in weak[:WORST]],
        help=_help(whole) if look != "ok" or weak else "",
    )


def aim_of(channels: Sequence[FigureView], level: Callable[[str], float]) -> float:
    """Return the share that is to be kept of all: each channel's own, by how many promises came to an end there."""
    ended: Mapping[str, int] = {row.name: row.kept + row.broken for row in channels}
    total = sum(ended.values())
    if not total:
        return max(level(row.name) for row in channels) if channels else level("")
    return sum(level(name) * count for name, count in ended.items()) / total


def _is_weak(row: FigureView, aim: float) -> bool:
    return row.kept_rate is not None and row.kept + row.broken >= ENOUGH and round(row.kept_rate, SHOWN) < aim


def _help(whole: FigureView) -> str:
    if not whole.reasons:
        return ""
    if whole.broken == 1:
        return f"1 was broken, because {reasons.said(whole.reasons[0][0])}. {reasons.help_against(whole.reasons)}"
    return f"{whole.broken} were broken{reasons.mostly(whole.reasons)}. {reasons.help_against(whole.reasons)}"
