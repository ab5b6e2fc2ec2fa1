"""`handleby audit`: a full walk over the store."""

import typer

from router.audit import audit as walk
from router.bootstrap import Parts
from router.cli.base import Config, with_parts


def audit(config: Config = None) -> None:
    """Walk the whole store and hold it against the invariants; exit 1 when one does not hold."""

    async def job(parts: Parts) -> int:
        report = await walk(parts.store, parts.keeper(), parts.clock)
        for one in report.findings:
            typer.echo(f"{one.subject}: {one.invariant}: {one.detail}")
        typer.echo(
            f"{report.messages} messages, {report.conversations} conversations, {report.notes} notes sent, "
            f"{len(report.findings)} findings"
        )
        return len(report.findings)

    if with_parts(config, job):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(audit)
