"""Both sides as the page gets them: providers and Slack in this process, the desk through its API."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from sandbox.desk import Desk
from sandbox.faults import Faults
from sandbox.slack.stand import Slack
from sandbox.stand import Stand

#: Under this name Slack's faults are switched; no channel is called so.
SLACK = "slack"


class Sides(Struct, frozen=True, kw_only=True):
    """What the page shows."""

    stands: Mapping[str, Stand]
    slack: Slack | None
    #: A desk that may see everything.
    desk: Desk
    #: Makes a link that signs the viewer in.
    door: Callable[[], Awaitable[str]]

    def parts(self) -> dict[str, Stand | Slack]:
        """Return everything that has faults, by name."""
        return {**self.stands, **({SLACK: self.slack} if self.slack else {})}

    def faults(self, name: str) -> Faults:
        """Return the faults of a part."""
        return self.parts()[name].faults
