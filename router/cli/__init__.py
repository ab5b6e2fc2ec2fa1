"""The commands; a module is imported only when one of its commands is asked for, as some are slow to import."""

import importlib
from collections.abc import Sequence

import typer

#: First word of the command line → the module here that has it.
MODULES = {
    "run": "run",
    "rules": "rule",
    "queues": "watch",
    "probe": "watch",
    "audit": "walk",
    "explain": "why",
    "parked": "parked",
    "channels": "channel",
    "notes": "notes",
    "users": "user",
    "customers": "customer",
    "demo": "demo",
}


def command(words: Sequence[str]) -> typer.Typer:
    """Return the command line that knows the words' first one, or all commands when that is none of ours."""
    app = typer.Typer(
        name="handleby",
        help="Handleby: every message gets a person and a time.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_together)
    wanted = [MODULES[words[0]]] if words and words[0] in MODULES else dict.fromkeys(MODULES.values())
    for name in wanted:
        importlib.import_module(f"router.cli.{name}").register(app)
    return app


def _together() -> None:
    """Keep a single command a subcommand: typer would otherwise make it the whole program."""
