"""`handleby explain`: why a message went where it went, and how the time in its note came about."""

from zoneinfo import ZoneInfo

import typer

from router import provenance
from router.bootstrap import Parts
from router.cli.base import Config, with_parts
from router.conversation import Conversation, Promise
from router.errors import NotFound


def explain(reference: str, config: Config = None) -> None:
    """Say why a conversation (HB-7K2Q9) went where it went, and how its promised time came about."""
    with_parts(config, lambda parts: _explained(parts, reference))


async def _explained(parts: Parts, reference: str) -> None:
    one = await parts.store.by_link(f"ref:{reference.strip().upper()}")
    if one is None:
        raise NotFound(f"No conversation is called {reference}. Its reference looks like HB-7K2Q9.")
    house = parts.keeper()
    zone = house.zone(wanted="", account=house.account(one.channel, one.account))
    typer.echo(f"{one.reference}: {one.channel}, {one.status.value}, queue {one.queue}, {_whose(parts, one)}")
    if one.decision is not None:
        typer.echo(
            f"Decided {one.decision.at.astimezone(zone):%a %-d %b %H:%M:%S} by {one.decision.rule or 'defaults'}:"
        )
        for sentence in one.decision.explanation:
            typer.echo(f"  {sentence}")
    made = [each for each in one.promises if one.promise is None or each.made_at != one.promise.made_at]
    for each in (*made, *((one.promise,) if one.promise else ())):
        _promise(parts, each, zone)
    if one.no_note:
        typer.echo(f"No note: {one.no_note}")


def _whose(parts: Parts, one: Conversation) -> str:
    people = parts.keeper.book().people
    who = people[one.accountable].name if one.accountable in people else one.accountable or "nobody"
    return f"owned by {who}" if one.owner else f"{who} answers for it"


def _promise(parts: Parts, made: Promise, zone: ZoneInfo) -> None:
    book = parts.keeper.book()
    name = book.people[made.by].name if made.by in book.people else made.by
    typer.echo(
        f"{name} promised {made.at.astimezone(zone):%a %-d %b %H:%M} "
        f"on {made.made_at.astimezone(zone):%a %-d %b %H:%M:%S}: {made.state.value}"
        + (f" ({made.reason})" if made.reason else "")
    )
    for one in provenance.figures(made):
        typer.echo(f"  {one.name:<20} {one.value:<28} {one.means}")
    for piece in provenance.counted(book, made):
        start, end = piece.start.astimezone(zone), piece.end.astimezone(zone)
        until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a %-d %b %H:%M}"
        typer.echo(f"  {'Counted':<20} {start:%a %-d %b %H:%M}–{until}")
    for sentence in made.explanation:
        typer.echo(f"  {sentence}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)
