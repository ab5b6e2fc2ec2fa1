"""Whatever happens in whatever order, every promise ends: kept, renewed, broken or withdrawn, once."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.errors import NotSent
from router.answer import Answer
from router.audit import audit
from router.conversation import Conversation, PromiseState, Status, promise_told
from router.errors import ActionError, Conflict
from tests.support.keeping import RULES, lines, world_of
from tests.support.world import World

PEOPLE = st.sampled_from(["maria", "tom", "ines"])
CUSTOMERS = st.sampled_from(["ana@example.org", "ben@example.org"])
HAPPENINGS = st.one_of(
    st.tuples(st.just("mail"), CUSTOMERS),
    st.tuples(st.sampled_from(["answer", "take", "release", "resolve", "here", "away", "gone"]), PEOPLE),
    st.tuples(st.just("pass"), st.integers(1, 200).map(str)),
    st.tuples(st.sampled_from(["restart", "refused"]), st.just("")),
)
ENDS = {"kept", "renewed", "broken", "withdrawn"}
#: The same mail goes on in the same conversation.
SUBJECT = "Parcel"


async def newest(world: World) -> list[Conversation]:
    """Return all conversations, the newest first."""
    return sorted(await world.store.audit_conversations("", 100), key=lambda one: one.opened_at, reverse=True)


async def happen(world: World, what: str, who: str) -> None:
    """Let one thing happen; what people may not do now is refused, and changes nothing."""
    found = await newest(world)
    first = found[0].id if found else ""
    if what == "mail":
        await world.take(world.mail_from(who, subject=SUBJECT))
    elif what == "pass":
        for _ in range(5):
            world.clock.move(int(who) * 60 / 5)
            await world.timers.tick(slow=True)
            await world.send()
    elif what == "restart":
        world.restart()
    elif what == "refused":
        world.mail.outcomes.append(NotSent("try again"))
    elif what == "here":
        await world.here(who)
    elif what in {"away", "gone"}:
        until = world.clock.now() + timedelta(hours=1 if what == "away" else 20)
        await world.actions.presence(who, said="away", until=until)
    elif first and what == "answer":
        await world.actions.reply(first, Answer(text="Here."), agent=who)
    elif first:
        await getattr(world.actions, what)(first, agent=who)


async def live(happenings: list[tuple[str, str]], folder: Path) -> None:
    """Let all of it happen, then a week pass; look at how the promises ended."""
    world = world_of(folder, RULES)
    for what, who in happenings:
        try:
            await happen(world, what, who)
        except (Conflict, ActionError):
            continue
    world.mail.outcomes.clear()
    for _ in range(7 * 24):
        world.clock.move(3600)
        await world.timers.tick(slow=True)
        await world.send()
    for one in await newest(world):
        assert all(each.state is not PromiseState.MADE for each in one.promises)
        assert one.promise is None or one.promise.state is not PromiseState.MADE
        assert one.status in {Status.OPEN, Status.PENDING, Status.RESOLVED}
        assert not promise_told(one)
    assert not (await audit(world.store, world.house, world.clock)).findings
    logged = Counter((event.conversation, event.data["made"]) for event in await lines(world, *ENDS))
    ended = {(one.id, each.made_at.isoformat()) for one in await newest(world) for each in one.promises}
    assert set(logged) == ended
    assert set(logged.values()) <= {1}
    made = Counter(event.conversation for event in await lines(world, "promised"))
    assert made == Counter(conversation for conversation, _ in logged), "as many ended as were made"
    sent = Counter(out.id for out in world.mail.sent)
    assert set(sent.values()) <= {1}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HAPPENINGS, min_size=3, max_size=15))
def test_every_promise_ends_once(happenings: list[tuple[str, str]]) -> None:
    """Messages, answers, takes, absences, refusals, restarts in any order: no promise is left, or ends twice."""
    with TemporaryDirectory() as folder:
        asyncio.run(live([("mail", "ana@example.org"), *happenings], Path(folder)))
