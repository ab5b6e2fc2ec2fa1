"""`handleby rules wording`: check the note texts, and read them as customers would."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from channels import registry
from router.bootstrap import wording_beside
from router.cli.base import settings_of
from router.errors import HandlebyError
from rules.evaluate import Rulebook
from rules.fit import fit
from rules.load import load
from rules.names import suggest
from rules.preview import Shown, shown
from rules.problems import RulesError
from rules.sampling import Wanted
from rules.wording import Wording

File = Annotated[
    Path | None,
    typer.Argument(
        help="A rules file, with the folder `wording` beside it, or a settings file (.toml); "
        "else the settings that HANDLEBY_CONFIG names, or ./handleby.toml."
    ),
]
Preview = Annotated[bool, typer.Option("--preview", help="Show every text as a customer would read it.")]
Language = Annotated[str, typer.Option(help="Only this language, such as da.")]
ChannelName = Annotated[str, typer.Option("--channel", help="Only what is read on this channel.")]
Agent = Annotated[str, typer.Option(help="As notes in this agent's name would read.")]
Json = Annotated[bool, typer.Option("--json", help="Write it as JSON.")]


def wording(
    file: File = None,
    preview: Preview = False,  # noqa: FBT002  # the framework's way to write a switch
    language: Language = "",
    channel: ChannelName = "",
    agent: Agent = "",
    as_json: Json = False,  # noqa: FBT002  # the same
) -> None:
    """Check the note texts, and with --preview show each of them; 1 is returned when something is wrong."""
    book, words = _opened(file)
    wanted = Wanted(
        style=_style(channel),
        agent=_known(agent, tuple(book.people), "agent"),
        person=book.people[agent].name if agent else "",
    )
    languages = [_known(language, words.languages, "language")] if language else words.languages
    found = [one for each in languages for one in shown(words, each, wanted)]
    problems = [str(one) for one in fit(book, words) if not one.warning]
    bad = sum(bool(one.faults) for one in found)
    if as_json:
        typer.echo(
            json.dumps({"texts": msgspec.to_builtins(found), "problems": problems}, ensure_ascii=False)
        )
    else:
        _read_out(found if preview else [one for one in found if one.faults])
        for line in problems:
            typer.echo(line, err=True)
        typer.echo(f"{len(found)} texts in {', '.join(languages)}; {bad or 'none'} refused by the linter")
    if bad or problems:
        raise typer.Exit(1)


def _opened(file: Path | None) -> tuple[Rulebook, Wording]:
    """Return rules and texts; says every problem and ends with 1 where they cannot be read."""
    settings = file is None or file.suffix == ".toml"
    rules = settings_of(file).rules if settings else file
    try:
        return load(rules, channels=registry.names()), wording_beside(rules)
    except RulesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _style(channel: str) -> str:
    """Return how notes read on a channel."""
    if not channel:
        return ""
    return registry.manifest(_known(channel, tuple(registry.names()), "channel")).capabilities.style


def _known(word: str, known: tuple[str, ...], what: str) -> str:
    if word and word not in known:
        raise HandlebyError(f"There is no {what} called {word!r}; {suggest(word, known)}.")
    return word


def _read_out(found: list[Shown]) -> None:
    """Print each text below its place, and what the linter refuses in it."""
    for one in found:
        own = " (own words)" if one.own else ""
        typer.echo(f"{one.language}: {one.title} · {one.address}{own} · {one.where}")
        for line in one.text.splitlines():
            typer.echo(f"    {line}".rstrip())
        for fault in one.faults:
            typer.echo(f"    refused: {fault}")
