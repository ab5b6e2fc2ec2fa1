"""What Slack is given of the service: one frozen value, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from channels.port import Clock
from router.actions import Actions
from router.ports import Events, Ids, Store
from rules.evaluate import Rulebook
from rules.model import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that Slack's part of the desk works with."""

    store: Store
    events: Events
    clock: Clock
    ids: Ids
    actions: Actions
    #: Returns the rules that hold now.
    book: Callable[[], Rulebook]
    public_url: str
    #: Zone of people whose hours name none.
    zone: str
    #: True when buttons can act: what they send can be verified.
    buttons: bool = True
    #: Returns what people call a channel.
    title: Callable[[str], str] = str
    #: Tells whether Slack lets us write to the person, as far as is known.
    reached: Callable[[Person], bool] = bool

    def person(self, agent: str) -> Person | None:
        """Return the agent if they can be told in Slack."""
        found = self.book().people.get(agent)
        return found if found is not None and found.slack and self.reached(found) else None

    def people(self) -> list[Person]:
        """Return all who can be told in Slack."""
        return [one for one in self.book().people.values() if one.slack and self.reached(one)]

    def name(self, agent: str) -> str:
        """Return what the agent is called."""
        found = self.book().people.get(agent)
        return found.name if found is not None else agent

    def zone_of(self, agent: str) -> ZoneInfo:
        """Return the zone in which the agent reads times: that of their hours."""
        found = self.book().people.get(agent)
        calendar = self.book().calendar(found.hours if found is not None else "")
        return calendar.zone if calendar.schedule is not None else ZoneInfo(self.zone or "UTC")

    def link(self, reference: str) -> str:
        """Return where the desk shows the conversation."""
        return f"{self.public_url.rstrip('/')}/c/{quote(reference, safe='')}"
