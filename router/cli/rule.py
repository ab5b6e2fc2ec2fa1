"""`handleby rules`: check a rules file, and see why a message goes where it goes."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from channels import registry
from channels.message import Message
from router.bootstrap import Parts, open_rules, wording_beside
from router.cli import wording
from router.cli.base import Config, settings_of, with_parts
from router.conversation import Conversation, Customer, Decision
from router.errors import HandlebyError, NotFound
from router.ports import Store
from router.reading.facts import facts_of
from rules.evaluate import Rulebook, evaluate
from rules.examples import facts_in
from rules.explain import explain as reasons
from rules.fit import fit
from rules.load import check as problems_in
from rules.load import load
from rules.model import Facts, Verdict
from rules.problems import Problem, RulesError

group = typer.Typer(no_args_is_help=True)
PAGE = 200
_LIKE = """Write it like '{"channel": "email", "text": "Where is my parcel?"}', all names and texts in double quotes."""

RulesFile = Annotated[Path | None, typer.Argument(help="A rules file; else the one of the settings.")]


@group.command()
def check(file: RulesFile = None, config: Config = None) -> None:
    """Check a rules file and run its examples; every problem is named with its line."""
    path = file if file is not None else settings_of(config).rules
    found = problems_in(path, channels=registry.names())
    found += _misfits(path)
    for one in found:
        typer.echo(str(one))
    if any(not one.warning for one in found):
        raise typer.Exit(1)
    book = load(path, channels=registry.names())
    typer.echo(
        f"{book.source}: {len(book.rules)} rules, {len(book.examples)} examples hold, version {book.version}"
    )


def _misfits(path: Path | None) -> list[Problem]:
    """Return what is wrong with the note texts beside the rules, and where the two do not fit together."""
    try:
        wording = wording_beside(path)
    except RulesError as error:
        return list(error.problems)
    try:
        return fit(load(path, channels=registry.names()), wording)
    except RulesError:
        return []  # named already


@group.command()
def explain(
    reference: Annotated[str, typer.Argument(help="A conversation (HB-7K2Q9); or use --message.")] = "",
    message: Annotated[str, typer.Option(help='A message as JSON: {"channel": "email", "text": "…"}.')] = "",
    config: Config = None,
) -> None:
    """Say for every rule why it does or does not match."""
    if bool(reference) == bool(message):
        raise HandlebyError("Name a conversation's reference, or give --message JSON.")
    if message:
        book = open_rules(settings_of(config))
        try:
            facts = facts_in(book, _described(message), now=datetime.now(UTC))
        except RecursionError:
            raise HandlebyError(f"--message is too deep. {_LIKE}") from None
        _print(book, facts)
        return
    with_parts(config, lambda parts: _explain_stored(parts, reference))


def _described(text: str) -> dict[str, Any]:
    """Return the message that `--message` describes. Raises HandlebyError, which says what is wrong where."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise HandlebyError(f"--message is not JSON: {error.msg} at {where}. {_LIKE}") from None
    except ValueError:
        raise HandlebyError(f"--message holds too long a number. {_LIKE}") from None
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else f"{found!r:.40}"
        raise HandlebyError(f"--message must be one object in braces, and is {kind}. {_LIKE}")
    channel = found.get("channel")
    if channel is not None and channel not in registry.names():
        known = ", ".join(sorted(registry.names()))
        raise HandlebyError(f"--message names the channel {channel!r:.40}. Name one of these: {known}.")
    return found


async def _explain_stored(parts: Parts, reference: str) -> None:
    conversation = await parts.store.by_link(f"ref:{reference.upper()}")
    if conversation is None or conversation.decision is None:
        raise NotFound(f"No decided conversation is called {reference}.")
    decision = conversation.decision
    typer.echo(
        f"Decided {decision.at:%Y-%m-%d %H:%M:%S} UTC by rules {decision.version}: {decision.rule or 'defaults'}"
    )
    for sentence in decision.explanation:
        typer.echo(f"  {sentence}")
    for sentence in conversation.promise.explanation if conversation.promise else ():
        typer.echo(f"  {sentence}")
    facts = await _facts(parts.store, conversation)
    if facts is not None:
        typer.echo("By the rules as they are now:")
        _print(parts.keeper.book(), facts)


async def _facts(store: Store, conversation: Conversation) -> Facts | None:
    """Return what was known when the stored decision was made; None when the message is gone."""
    stored = await store.message(conversation.decision.trigger) if conversation.decision else None
    if stored is None:
        return None
    message: Message = stored.message
    known = await store.customer(conversation.customer)
    customer = known or Customer(id=conversation.customer)
    return facts_of(conversation, message, customer, reopened=conversation.reopened > 0)


def _print(book: Rulebook, facts: Facts) -> None:
    for one in reasons(book, facts):
        typer.echo(f"  {one}")
    typer.echo(f"So: {_told(evaluate(book, facts))}")


def _told(verdict: Verdict | Decision) -> str:
    rule = verdict.rule or "defaults"
    return (
        f"queue {verdict.queue}, target {verdict.target_s / 60:g} min, priority {verdict.priority} ({rule})"
    )


@group.command()
def replay(
    file: Annotated[Path, typer.Argument(help="The edited rules file.")],
    most: Annotated[int, typer.Option("--last", help="How many conversations to look at.")] = 1000,
    config: Config = None,
) -> None:
    """Show what an edited rules file would have decided otherwise for conversations in the store."""
    book = load(file, channels=registry.names())

    async def job(parts: Parts) -> None:
        seen = changed = 0
        async for conversation in _decided(parts.store, most):
            facts = await _facts(parts.store, conversation)
            decision = conversation.decision
            if facts is None or decision is None:
                continue
            seen += 1
            was, would = _told(decision), _told(evaluate(book, facts))
            if was != would:
                changed += 1
                typer.echo(f"{conversation.reference}: was {was}; would be {would}")
        typer.echo(f"{changed} of {seen} would be decided otherwise")

    with_parts(config, job)


async def _decided(store: Store, most: int) -> AsyncIterator[Conversation]:
    after = ""
    while most > 0 and (page := await store.audit_conversations(after, min(PAGE, most))):
        for one in page:
            yield one
        after, most = page[-1].id, most - len(page)


@group.command()
def schema() -> None:
    """Print the JSON Schema of rules files, for completion in editors."""
    typer.echo((Path(registry.__file__).parents[1] / "rules" / "schema.json").read_text(encoding="utf-8"))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group.command()(wording.wording)
    app.add_typer(group, name="rules", help="Check rules, and see what they do.")
