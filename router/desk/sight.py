"""Who may see whose figures: sums are for those who lead, somebody's own for them and their lead alone."""

from msgspec import Struct

from router.desk.accounts import Role
from router.desk.gate import Principal
from router.errors import Forbidden
from router.kept.figures import Group
from rules.evaluate import Rulebook


class Sight(Struct, frozen=True, kw_only=True):
    """What somebody may see."""

    #: The role lets them see the sums of all queues.
    all: bool = False
    #: They lead everybody: by role, as the rules name them lead of no queue in particular.
    everybody: bool = False
    #: The agent that they are; "" for none.
    agent: str = ""
    #: Queues that they lead, and the people who serve these.
    queues: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def admits(self, group: Group) -> bool:
        """Tell whether this counts in what they see unasked: all, or their queues and what they promised."""
        return self.all or group.queue in self.queues or group.agent == self.agent

    def admits_agent(self, agent: str) -> bool:
        """Tell whether they may see this person's own figures."""
        return self.everybody or agent in self.people or bool(agent and agent == self.agent)

    def require(self, agent: str) -> None:
        """Refuse to show a colleague's own figures. Raises Forbidden."""
        if not self.admits_agent(agent):
            raise Forbidden("Somebody's own figures are for them and their lead alone.")


def sight(who: Principal, book: Rulebook) -> Sight:
    """Return what somebody may see. Raises Forbidden for an account that is no agent and leads nobody."""
    led = frozenset(queue.id for queue in book.queues.values() if who.agent and queue.lead == who.agent)
    people = frozenset(person.id for person in book.people.values() if led.intersection(person.queues))
    if who.user.may(Role.LEAD):
        everybody = who.user.role is Role.LEAD and not led
        return Sight(all=True, everybody=everybody, agent=who.agent, queues=led, people=people)
    if not who.agent:
        raise Forbidden(
            f"{who.user.email} is no agent and no lead, so there are no figures to show. "
            "Give an agent this address in the rules, or the account the role lead."
        )
    return Sight(agent=who.agent, queues=led, people=people)
