"""The commands, grouped as people look for them."""

from router.cli.admin import app as admin
from router.cli.base import app
from router.cli.channel import app as channel
from router.cli.parked import app as parked
from router.cli.rule import app as rule
from router.cli.run import run
from router.cli.user import app as user
from router.cli.watch import audit, probe, queues

__all__ = ["app"]

app.command()(run)
app.add_typer(rule, name="rules", help="Check rules, and see what they do.")
app.command()(queues)
app.add_typer(parked, name="parked", help="Messages that could not be processed.")
app.command()(audit)
app.command()(probe)
app.add_typer(channel, name="channels", help="The ways in and out.")
app.add_typer(admin, name="notes", help="Stop and start automatic notes.")
app.add_typer(user, name="users", help="Accounts that sign in.")
