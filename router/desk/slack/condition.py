"""How it stands with Slack, in words for admins; health shows it."""

from datetime import datetime, timedelta

from router import log
from router.desk.slack.errors import Down, Revoked, SlackError, Unreached
from router.desk.slack.office import Office
from router.errors import StoreError
from router.health.told import Told, tell
from rules.model import Person

logger = log.get(__name__)

PART = "slack"
#: A person whom Slack refused is tried again after so long, or when their id changes.
UNREACHED = timedelta(minutes=10)
IMPACT = "Agents get no direct messages in Slack. Routing, notes and the desk go on as ever."
SCOPES = (
    "Give the app the scopes chat:write, im:write and im:history, and install it into the workspace again."
)
TAB = "Switch the messages tab on under App Home in the app's settings."
TOKEN = "Install the app into the workspace again and put its bot token into slack.bot_token."  # noqa: S105  # words

ADVICE = {"missing_scope": SCOPES, "messages_tab_disabled": TAB}


class Condition:
    """What is wrong, since when, and with whom."""

    def __init__(self, office: Office) -> None:
        """Start well."""
        self._office, self._clock = office, office.clock
        self._trouble: Told | None = None
        #: Agent → Slack id, code, since when, not tried before.
        self._people: dict[str, tuple[str, str, datetime, datetime]] = {}
        self._said = False

    def reached(self, person: Person) -> bool:
        """Tell whether the person can be written to, or it is time to try again."""
        known = self._people.get(person.id)
        return known is None or known[0] != person.slack or self._clock.now() >= known[3]

    def well(self) -> None:
        """Note that Slack works."""
        if self._trouble is not None:
            logger.info("Slack works again")
        self._trouble = None

    def wrote(self, agent: str) -> None:
        """Note that a message reached the agent."""
        self._people.pop(agent, None)

    def failed(self, error: SlackError) -> None:
        """Note what is wrong."""
        if isinstance(error, Unreached):
            self._unreached(error)
            return
        told = _told(error, self._clock.now())
        if self._trouble is None or self._trouble.key != told.key:
            logger.warning("Slack fails", reason=error.code, kind=type(error).__name__)
        else:
            told = Told(
                key=told.key, text=told.text, impact=told.impact, next=told.next, since=self._trouble.since
            )
        self._trouble = told

    def _unreached(self, error: Unreached) -> None:
        person = self._office.book().people.get(error.agent)
        if person is None:
            return
        now = self._clock.now()
        since = self._people[person.id][2] if person.id in self._people else now
        self._people[person.id] = (person.slack, error.code, since, now + UNREACHED)
        logger.warning("Slack does not reach an agent", agent=person.id, reason=error.code)

    def told(self) -> list[Told]:
        """Return everything that is wrong."""
        found = [self._trouble] if self._trouble is not None else []
        for agent, (slack, code, since, _) in sorted(self._people.items()):
            person = self._office.book().people.get(agent)
            if person is not None and person.slack == slack:
                found.append(
                    Told(
                        key=f"slack {agent}",
                        text=f"Slack does not let us write to {person.name} ({code}).",
                        impact=f"{person.name} gets no direct messages; everybody else does.",
                        next=f"Correct `slack` of {agent} in the rules: the member id that their Slack profile shows.",
                        since=since,
                    )
                )
        return found

    async def tell(self) -> None:
        """Put what is wrong where health finds it."""
        found = self.told()
        if not found and not self._said:
            return
        try:
            await tell(self._office.store, PART, found, self._clock.now())
            self._said = bool(found)
        except StoreError as error:
            logger.warning("condition not told", error=type(error).__name__)

    async def leave(self) -> None:
        """Say no more: this process does not speak to Slack any longer."""
        self._trouble = None
        self._people.clear()
        await self.tell()


def _told(error: SlackError, since: datetime) -> Told:
    if isinstance(error, Revoked):
        text, what = (
            f"Slack refuses the app: {error.code}.",
            ADVICE.get(error.code, TOKEN),
        )
    elif isinstance(error, Down):
        text = f"Slack does not work or cannot be reached: {error.code}."
        what = "See whether Slack works and this machine reaches it. What still holds then is told once it is back."
    else:
        text = f"Slack refuses a message: {error.code}."
        what = (
            "Look into the log of the desk, and report it with those lines. The desk shows all work as ever."
        )
    return Told(key=f"slack {type(error).__name__}", text=text, impact=IMPACT, next=what, since=since)
