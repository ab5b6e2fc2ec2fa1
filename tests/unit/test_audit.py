"""What the walk over the live store finds, and what it leaves in peace."""

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from router.audit import SETTLE_S, audit
from router.conversation import Agent, Claim, Conversation, indexed
from router.ports import Change, Commit
from tests.support.world import World


async def found(world: World) -> set[tuple[str, str]]:
    """Return (invariant, detail) of everything that is wrong."""
    report = await audit(world.store, world.house, world.clock)
    return {(one.invariant, one.detail) for one in report.findings}


async def change(world: World, one: Conversation, **fields: object) -> None:
    """Change a conversation by hand, as no router would."""
    wrong = indexed(replace(one, version=one.version + 1, **fields))
    await world.store.commit(Commit(changes=[Change(conversation=wrong)]))


async def test_a_sound_store(tmp_path: Path) -> None:
    """A store that the router wrote has nothing wrong, and everything in it is counted."""
    world = World(tmp_path)
    await world.here("maria")
    await world.take(world.mail_from("a@example.org"), world.chat_from())
    await world.send()
    world.clock.move(2 * SETTLE_S)
    report = await audit(world.store, world.house, world.clock)
    assert report.findings == []
    assert (report.messages, report.conversations) == (2, 2)
    assert report.notes > 0


async def test_who_left_the_rules_answers_for_nothing(tmp_path: Path) -> None:
    """Open work needs somebody who stands in the rules, where its queue has such people."""
    world = World(tmp_path)
    [one] = await world.take(world.mail_from())
    await change(world, one, accountable="gone")
    detail = "gone, who is not in the rules, answers for general"
    assert await found(world) == {("open work has an accountable person", detail)}
    await change(world, await world.fresh(one), accountable="")
    assert await found(world) == {("open work has an accountable person", "nobody answers for general")}


async def test_a_message_has_one_place(tmp_path: Path) -> None:
    """A message in two conversations, in none, or in one that does not know it is found."""
    world = World(tmp_path)
    first, second, lost = (
        world.mail_from("a@example.org"),
        world.mail_from("b@example.org"),
        world.mail_from(),
    )
    one, two = await world.take(first, second)
    await change(world, two, entries=(*two.entries, *one.entries))
    await world.store.accept([(lost, lost.received_at)])
    world.clock.move(2 * SETTLE_S)
    invariant = "a message is in exactly one conversation"
    assert await found(world) == {(invariant, "it is in several"), (invariant, "it is in none yet")}
    await change(world, await world.fresh(two), entries=())
    assert (invariant, f"{two.id} does not know it") in await found(world)


async def test_claims_and_owners_agree(tmp_path: Path) -> None:
    """A claim without its conversation, and owned work without a claim, are found."""
    world = World(tmp_path)
    await world.here("maria")
    [one] = await world.take(world.mail_from())
    assert one.owner == "maria"
    agent = (await world.store.agents())["maria"]
    left = Claim(id="cl_x", conversation="cv_x", channel="email", at=world.clock.now() - timedelta(hours=1))
    await world.store.commit(Commit(agents=[Agent(id="maria", version=agent.version + 1, claims=(left,))]))
    assert await found(world) == {
        ("claims belong to conversations", "cl_x belongs to none"),
        ("owned work has a claim", "maria has no claim for it"),
    }
