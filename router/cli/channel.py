"""`handleby channels`: the channels there are, a new one, whether all are well, and whether an account works."""

import asyncio
from typing import Annotated

import typer

from channels import registry
from channels.errors import Misconfigured
from channels.tryout import Finding
from router.channelkit import check as checking
from router.channelkit import make as making
from router.channelkit.trial import trial
from router.cli.base import Config, settings_of
from router.errors import ConfigError
from router.settings import Settings

group = typer.Typer(no_args_is_help=True)

NEXT = """\
1. Read channels/{name}/README.md, and put your provider's paths and rules into channels/{name}/stand.py.
2. Change api.py and parse.py until the tests pass again:  python -m pytest channels/{name} tests/contract -k {name}
3. Name an account, [channels.{name}.main] in the settings:  handleby channels check
4. Try it:                                                   handleby channels test {name}/main
docs/how-to-channels.md goes through it."""


@group.command("list")
def show_all(config: Config = None) -> None:
    """List the channels, and the accounts that the settings name."""
    settings = settings_of(config)
    for name in registry.names():
        manifest = registry.manifest(name)
        accounts = ", ".join(sorted(settings.channels.get(name, {}))) or "no account"
        typer.echo(f"{name}\t{manifest.title}\t{accounts}")


@group.command()
def new(
    name: Annotated[str, typer.Argument(help="The channel's name: lower case, as its folder is called.")],
) -> None:
    """Write a new channel: a folder that works, with its stand-in and its tests."""
    written = making.make(name)
    for path in written:
        typer.echo(path.relative_to(registry.FOLDER.parent))
    typer.echo(f"\nThe channel {name} is there and works against its stand-in. What to do next:\n")
    typer.echo(NEXT.format(name=name))


@group.command()
def check(config: Config = None) -> None:
    """Validate every channel's folder, and every account that the settings name."""
    problems = checking.folders()
    try:
        settings = settings_of(config)
        problems += checking.accounts(settings, _open)
        count = sum(1 for _ in settings.accounts())
    except ConfigError as error:
        problems += str(error).splitlines()
    if problems:
        for one in dict.fromkeys(problems):
            typer.echo(one, err=True)
        raise typer.Exit(1)
    names = registry.names()
    typer.echo(f"{len(names)} channels are well: {', '.join(names)}; and so are all accounts ({count}).")


@group.command("test")
def try_out(
    account: Annotated[str, typer.Argument(help="channel/account, or a channel; default: all.")] = "",
    config: Config = None,
) -> None:
    """Try accounts as they are set up: sign in, the webhook from outside, clocks. Nothing is sent to customers."""
    settings = settings_of(config)
    channel, _, name = account.partition("/")
    wanted = [one for one in settings.accounts() if channel in {"", one[0]} and name in {"", one[1]}]
    if not wanted:
        there = ", ".join(f"{kind}/{one}" for kind, one, _ in settings.accounts()) or "none"
        raise ConfigError(f"There is no account {account!r}. Accounts in the settings: {there}.")
    results = [_tried(settings, kind, one) for kind, one, _ in wanted]
    if not all(results):
        raise typer.Exit(1)


def _tried(settings: Settings, channel: str, name: str) -> bool:
    typer.echo(f"{channel}/{name}")
    alone = {channel: {name: settings.channels[channel][name]}}
    try:
        return asyncio.run(_trial(settings.model_copy(update={"channels": alone}), (channel, name)))
    except (Misconfigured, ConfigError) as error:
        for line in str(error).splitlines():
            _show(Finding(ok=False, what=line))
        return False


async def _trial(settings: Settings, key: tuple[str, str]) -> bool:
    from router.bootstrap import build  # noqa: PLC0415  # slow to import: only for commands that need the parts

    parts = build(settings)
    await parts.store.open()
    try:
        return await trial(parts.hosts[key], parts.channels[key], registry.adapter(key[0]), _show)
    finally:
        await parts.store.close()


def _show(one: Finding) -> None:
    typer.echo(f"  {'ok   ' if one.ok else 'FAULT'}  {one.what}")
    if one.mend:
        typer.echo(f"         {one.mend}")


def _open(settings: Settings) -> object:
    from router.bootstrap import build  # noqa: PLC0415  # as above

    return build(settings)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="channels", help="The ways in and out.")
