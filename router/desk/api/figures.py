"""How promises turned out: sums by week, day, channel, queue or person, and single waits as a table to download."""

import csv
import io
from collections.abc import Iterable
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct, structs

from router.desk import kept
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.kept import By, FigureView, Filter
from router.desk.sight import sight

table = Table("Figures")

#: Most waits in one download, and how many of anybody's are looked at for them.
MOST_WAITS, READ = 200_000, 1_000_000
#: What programs that open tables would take for a formula begins with one of these.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")

Name = Annotated[str, Meta(max_length=100)]


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sums."""

    by: By = "week"
    #: The running week and those before it.
    weeks: Annotated[int, Meta(ge=1, le=53)] = 12
    channel: Name = ""
    queue: Name = ""
    #: Only this person's; for them and their lead.
    agent: Name = ""

    @property
    def filter(self) -> Filter:
        """Return what is asked for, the grouping apart."""
        return Filter(weeks=self.weeks, channel=self.channel, queue=self.queue, agent=self.agent)


class AskedWaits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which waits."""

    weeks: Annotated[int, Meta(ge=1, le=53)] = 4
    channel: Name = ""
    queue: Name = ""
    #: Only this person's; for them and their lead.
    agent: Name = ""


class Figures(Struct, frozen=True, kw_only=True):
    """Sums of promises."""

    by: str
    #: All of them together.
    whole: FigureView
    rows: list[FigureView]


@table.get("/figures", Role.AGENT)
async def figures(call: Call, query: Asked) -> Figures:
    """Return how promises turned out, by week, day, channel, queue or person.

    Agents see what they promised themselves, who leads a queue sees that queue, and the roles `lead`, `ops` and
    `admin` see all queues. By person, everybody sees only those whose lead they are, and themselves; the role
    `lead` sees each person where the rules name them lead of no queue.
    """
    return await _sums(call, query)


@table.get("/figures/table.csv", Role.AGENT, media="text/csv")
async def as_table(call: Call, query: Asked) -> web.StreamResponse:
    """Return the same as a table to download."""
    found = await _sums(call, query)
    heads = [name for name in FigureView.__struct_fields__ if name != "reasons"]
    lines = [[getattr(row, name) for name in heads] for row in found.rows]
    return _download(f"promises-by-{query.by}.csv", _text([[query.by, *heads[1:]], *lines]))


@table.get("/figures/waits.csv", Role.AGENT, media="text/csv")
async def waits(call: Call, query: AskedWaits) -> web.StreamResponse:
    """Return every wait with a promised time that a person answered, newest first, as a table to download.

    `slack_s` is the time last promised minus the time of the answer, in seconds: below zero the answer was late.
    `agent` is empty where their figures are not yours to see.
    """
    seen = sight(call.who, call.parts.book())
    asked = Filter(**structs.asdict(query))
    names = list(kept.Wait.__struct_fields__)
    pages = kept.waits(call.parts, seen, asked, limit=MOST_WAITS, read=READ)
    found = [_text([*structs.astuple(one), one.slack_s] for one in page) async for page in pages]
    text = _text([[*names, "slack_s"]]) + "".join(found)
    return _download("promised-and-actual.csv", text)


async def _sums(call: Call, query: Asked) -> Figures:
    seen = sight(call.who, call.parts.book())
    admits = kept.admitted(seen, query.filter, query.by)
    days = await kept.counted(call.parts, query.weeks, by=query.by)
    return Figures(by=query.by, whole=kept.whole(days, admits), rows=kept.rows(days, query.by, admits))


def _text(lines: Iterable[Iterable[Any]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([_cell(value) for value in line] for line in lines)
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _download(name: str, text: str) -> web.StreamResponse:
    return web.Response(
        text=text,
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
