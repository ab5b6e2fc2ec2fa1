"""`handleby channels`: the channels there are, and whether their folders are well."""

import typer

from channels import registry
from channels.errors import Misconfigured
from router.cli.base import Config, settings_of

group = typer.Typer(no_args_is_help=True)


@group.command("list")
def show_all(config: Config = None) -> None:
    """List the channels, and the accounts that the settings name."""
    settings = settings_of(config)
    for name in registry.names():
        manifest = registry.manifest(name)
        accounts = ", ".join(sorted(settings.channels.get(name, {}))) or "no account"
        typer.echo(f"{name}\t{manifest.title}\t{accounts}")


@group.command()
def check() -> None:
    """Validate every channel's manifest and adapter."""
    failed = 0
    for name in registry.names():
        try:
            registry.manifest(name)
            registry.adapter(name)
        except (Misconfigured, ImportError, AttributeError) as error:
            failed += 1
            typer.echo(str(error), err=True)
    if failed:
        raise typer.Exit(1)
    typer.echo(f"{len(registry.names())} channels are well: {', '.join(registry.names())}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="channels", help="The ways in and out.")
