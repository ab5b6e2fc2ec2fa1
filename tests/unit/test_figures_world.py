"""A service at work, counted by hand: every promise made ends in exactly one way, and every page counts the same."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from router import steps
from router.answer import Answer
from router.conversation import Conversation, SendState
from router.journal import changed
from router.kept import tally
from router.kept.figures import Day, Sum, summed
from router.kept.tally import Tally
from router.metrics import OUTCOMES
from tests.support.keeping import to, told, world_of
from tests.support.world import World

CPH = ZoneInfo("Europe/Copenhagen")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def answered(world: World, one: Conversation) -> None:
    """Let whoever has it answer, and the answer leave."""
    fresh = await world.fresh(one)
    await world.actions.reply(one.id, Answer(text="Here it is."), agent=fresh.owner or "maria")
    await world.send()


async def counted(world: World) -> tuple[list[Day], list[Day]]:
    """Count the log; return the days and the weeks."""
    lease = await world.store.lease("figures", "test", 60)
    assert lease is not None
    await Tally(world.store, world.ids, world.clock, lambda: world.house, CPH).count(lease)
    await world.store.release(lease)
    today = world.clock.now().astimezone(CPH).date()
    return await tally.read_days(world.store, today, 4), await tally.read_weeks(world.store, today, 4)


async def test_a_day_counted_by_hand(tmp_path: Path) -> None:
    """Kept, missed, closed, merged, handed on, asked again and chatted: each promise is made once and ends once."""
    world = world_of(tmp_path)
    await world.here("maria", "tom")
    start = world.clock.now()
    kept, late, closed, first, second, handed = [
        await told(world, world.mail_from(who=f"{name}@example.org"))
        for name in ("ana", "bo", "cy", "di", "dia", "eli")
    ]
    await to(world, start + HOUR / 2)
    await answered(world, kept)
    await world.actions.resolve(closed.id, agent=closed.owner)
    await world.actions.merge(first.id, into=second.id, agent="maria", lead=True)
    await answered(world, second)
    await world.actions.release(handed.id, agent=handed.owner)
    await to(world, start + HOUR)
    await answered(world, handed)
    again = await told(world, world.mail_from(who="ana@example.org", subject=kept.subject))
    assert again.id == kept.id
    await to(world, start + 1.5 * HOUR)
    await answered(world, again)
    (chat,) = await world.take(world.chat_from())
    await to(world, world.clock.now() + 3 * MINUTE, 10)
    await answered(world, chat)
    await to(world, start + 30 * HOUR)
    await answered(world, late)

    days, weeks = await counted(world)
    whole = summed(days, "")[""]
    assert summed(weeks, "") == {"": whole}
    for by in ("channel", "queue", "agent", "day"):
        assert Sum(*summed(days, by).values()).group() == whole
    # six mails, one again, one chat; the chat's and the late one's promise were renewed in time
    assert (whole.made, whole.kept, whole.broken, whole.renewed, whole.withdrawn) == (10, 5, 1, 2, 2)
    assert (whole.waits, whole.told, whole.first) == (8, 6, 4)
    assert sum(whole.slack.values()) == 6
    chats = summed(days, "channel")["webchat"]
    assert (chats.made, chats.renewed, chats.kept, chats.first_rate) == (2, 1, 1, 0.0)
    seen = await world.store.promise_figures(start, world.clock.now() + HOUR)
    assert [sum(getattr(one, name) for one in seen) for name in OUTCOMES] == [10, 5, 2, 1, 2]


async def test_a_renewal_counts_once_it_is_heard(tmp_path: Path) -> None:
    """One whose note never left counts as nothing, and the promise before it runs on; one that left was made."""
    world = world_of(tmp_path)
    await world.here("maria")
    one = await told(world)
    assert one.promise is not None
    now = world.clock.now() + HOUR
    made = replace(one.promise, made_at=now, at=one.promise.at + HOUR, renewals=1)
    renewed = steps.promise(one, made, "held long")
    assert changed(one, renewed).events == ()
    back = steps.untell(renewed, now, now + HOUR)
    assert back.promise == one.promise
    assert changed(renewed, back).events == ()
    item = replace(one.outbox[0], id="n_2", at=now, state=SendState.SENT)
    heard = replace(renewed, outbox=(*one.outbox, item))
    assert [line.kind for line in changed(renewed, heard).events] == ["promised", "renewed"]
    missed = steps.break_promise(heard, now + HOUR)
    assert [line.kind for line in changed(heard, missed).events] == ["broken"]
    assert [line.kind for line in changed(renewed, missed).events] == ["promised", "renewed", "broken"]


async def test_a_renewal_that_was_heard_is_not_taken_back(tmp_path: Path) -> None:
    """A second message in the very instant of the renewal, answered before its note leaves, undoes nothing."""
    world = world_of(tmp_path)
    one = await told(world)
    for _ in range(5):
        world.clock.move(40 * 60)
        await world.timers.tick(slow=True)
        await world.send()
    world.clock.move(28 * 60)
    await world.timers.tick(slow=True)
    await world.send()
    renewed = await world.fresh(one)
    assert renewed.promise is not None
    assert (renewed.promise.renewals, renewed.promise.made_at) == (1, world.clock.now())
    await world.take(world.mail_from(subject=one.subject))
    await world.actions.resolve(one.id, agent="maria")
    promises = (await world.fresh(one)).promises
    assert [each.state for each in promises] == ["renewed", "withdrawn"]
