"""Takes a promise that runs short off an owner who cannot keep it, where somebody else can."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from router import steps
from router.conversation import Agent, Conversation, Event
from router.house import House
from router.journal import event
from router.keeping.shortfall import fails, somebody_else


def relieved(
    house: House,
    before: Conversation,
    one: Conversation,
    seen: tuple[Mapping[str, Agent], Sequence[Conversation]],
    now: datetime,
) -> tuple[Conversation, list[Event]]:
    """Put it back into its queue, first in line, when its owner has just been warned and cannot keep the time.

    `seen` are the agents and the owner's open work. It stays where it is unless somebody else is here with room:
    work that only moves helps nobody. Whoever is too busy is not handed it again in this wait.
    """
    agents, mine = seen
    if one.warned == before.warned or not one.warned:
        return one, []
    pressed = replace(one, pressing=True)
    why = fails(house, one, agents, mine, now)
    if not why or not somebody_else(house, pressed, agents, now):
        return one, []
    person = house.book.person(one.owner)
    name = person.name if person is not None else one.owner
    busy = why != "is not here"
    loose = steps.give_back(pressed) if busy else steps.disown(pressed)
    line = event(one, now, "let go", agent=one.owner, reason=why)
    return steps.flag(loose, f"{name} {why}, so this is back in the queue, ahead of the rest."), [line]
