"""Verbs for channels that speak with people, and work that waits for its time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from router.accounts.host import AccountHost
from router.conversation import Conversation, PromiseState, keypad
from router.house import Account
from tests.support.hosting import Hosting
from tests.support.world import MONDAY_NOON, World

ANA = "+4522500100"
RULES = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}
agents:
  maria: {name: Maria Jensen, email: maria@example.com, phone: "+4531000001", queues: [general],
          capacity: {phone: 1}, hours: office}
  tom: {name: Tom Berg, email: tom@example.com, phone: "+4531000002", queues: [general],
        capacity: {phone: 2}, hours: office}
queues:
  general: {duty: [maria, tom], lead: tom, hours: office}
channels:
  phone: {target: 5m, queue: general, hours: office, allow_tiers: [premium]}
"""


class Calls:
    """A world with a phone account, and its host."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, RULES)
        account = Account(
            channel="phone", name="line", identity="phone", style="spoken", zone="Europe/Copenhagen",
            reference_in_note=False,
        )  # fmt: skip
        self.world.house = replace(self.world.house, accounts={("phone", "line"): account})
        self.host: AccountHost = Hosting(self.world).host("phone", "line")
        self._count = 0

    def wish(self, number: str = ANA, **fields: Any) -> Message:
        """Return somebody's wish to be called."""
        self._count += 1
        given = {"thread": f"cb-{self._count}", "key": f"cb:{self._count}:asked", "text": "Call me"} | fields
        sender = Identity(kind="phone", address=number, name="Ana")
        at = self.world.clock.now()
        return Message(channel="phone", account="line", received_at=at, sender=sender, **given)

    async def taken(self, **fields: Any) -> Conversation:
        """Take a wish in."""
        return (await self.world.take(self.wish(**fields)))[0]

    def status(self, one: Conversation, **fields: Any) -> Message:
        """Return what software says of a case."""
        self._count += 1
        return Message(
            key=f"tw:{self._count}", channel="phone", account="line", kind=Kind.STATUS,
            received_at=self.world.clock.now(), sender=Identity(kind="phone", address="+4570101010", verified=True),
            thread=one.thread, **fields,
        )  # fmt: skip


async def test_whose_turn_it_is(tmp_path: Path) -> None:
    """Only what has an owner and waits for us is work to call for, with the owner's number."""
    calls = Calls(tmp_path)
    await calls.world.here("maria")
    first, second = await calls.taken(subject="Billing"), await calls.taken(number="+4522500101")
    (work,) = await calls.host.work()
    assert (work.conversation, work.thread, work.agent, work.agent_phone) == (
        first.id,
        "cb-1",
        "maria",
        "+4531000001",
    )
    assert (work.customer.address, work.about, work.since) == (ANA, "Billing", first.waiting_since)
    standing = await calls.host.standing("cb-2")
    assert standing is not None
    assert (standing.assigned, standing.position, second.owner) == (False, 1, "")
    spoke = Message(
        key="tw:x:spoke", channel="phone", account="line", kind=Kind.AGENT, received_at=calls.world.clock.now(),
        sender=Identity(kind="phone", address="+4531000001", name="Maria Jensen", verified=True), thread="cb-1",
        text="Maria Jensen called; spoke 3 min 20 s.",
    )  # fmt: skip
    (done,) = await calls.world.take(spoke)
    assert (done.status.value, done.owner, done.waiting_since) == ("pending", "", None)
    await calls.world.consumer.rematch()
    assert [one.agent for one in await calls.host.work()] == ["maria"]  # the next in line


async def test_a_case_is_found_by_reference_keys_and_number(tmp_path: Path) -> None:
    """Written, typed on a telephone, with and without its prefix, or by the customer's number."""
    calls = Calls(tmp_path)
    await calls.world.here("maria")
    one = await calls.taken()
    digits = keypad(one.reference)
    assert digits.isdigit()
    for words in (one.reference, one.reference.lower(), digits, f"42{digits}", f"phone:{ANA}"):
        case = await calls.host.lookup(words)
        assert case is not None, words
        assert (case.reference, case.assigned, case.agent) == (one.reference, True, "maria")
        assert (case.person_phone, case.lead, case.lead_phone) == ("+4531000001", "tom", "+4531000002")
    for words in ("", "HB-AAAAAA", "000000", "phone:+4511111111", "hello"):
        assert await calls.host.lookup(words) is None
    await calls.world.actions.resolve(one.id, agent="maria")
    assert await calls.host.lookup(one.reference) is None


async def test_nobody_is_called_at_home(tmp_path: Path) -> None:
    """Outside their hours, or while they say they are away, people have no number for callers."""
    calls = Calls(tmp_path)
    await calls.world.here("maria")
    one = await calls.taken()
    await calls.world.actions.presence("maria", said="away")
    case = await calls.host.lookup(one.reference)
    assert case is not None
    assert (case.person_phone, case.lead_phone) == ("", "+4531000002")
    calls.world.clock.move(12 * 3600)
    case = await calls.host.lookup(one.reference)
    assert case is not None
    assert case.lead_phone == ""


async def test_slots_have_the_room_of_those_at_work(tmp_path: Path) -> None:
    """Capacity by the calendar, what is due then taken off, our own bookings left to the channel."""
    calls = Calls(tmp_path)
    start = MONDAY_NOON + timedelta(hours=1)
    slots = await calls.host.slots(start, start + timedelta(hours=6), 1800.0)
    assert [slot.free for slot in slots] == [3] * 10  # until 18:00 in Copenhagen
    assert slots[0].start == start
    await calls.taken(not_before=start)
    assert (await calls.host.slots(start, start + timedelta(minutes=30), 1800.0))[0].free == 3
    calls.world.clock.move(3600 - 240)
    await calls.taken(number="+4522500101")
    assert (await calls.host.slots(start, start + timedelta(minutes=30), 1800.0))[0].free == 2


async def test_tiers_that_may_call(tmp_path: Path) -> None:
    """Where the rules name tiers, only known customers of these are called."""
    calls = Calls(tmp_path)
    await calls.taken(number="+4522500101", attributes={"tier": "basic"})
    await calls.taken(attributes={"tier": "premium"})
    welcome = [
        await calls.host.welcome(Identity(kind="phone", address=number))
        for number in (ANA, "+4522500101", "+4522500199")
    ]
    assert welcome == [True, False, False]


async def test_an_agent_who_does_not_come_passes_it_on(tmp_path: Path) -> None:
    """The case waits again, the agent counts as away for a while, and both are told why."""
    calls = Calls(tmp_path)
    await calls.world.here("maria", "tom")
    one = await calls.taken()
    other = "tom" if one.owner == "maria" else "maria"
    assert await calls.host.pass_on("cb-1", one.owner, "did not come to the telephone")
    assert await calls.world.claims(one.owner) == 0
    await calls.world.consumer.rematch()
    fresh = await calls.world.fresh(one)
    assert (fresh.owner, fresh.flags) == (other, ("did not come to the telephone",))
    assert not await calls.host.pass_on("cb-1", one.owner, "again")
    assert not await calls.host.pass_on("cb-9", one.owner, "unknown")


async def test_work_waits_for_its_time(tmp_path: Path) -> None:
    """Nobody is given a call for three o'clock before three, and the note names that time."""
    calls = Calls(tmp_path)
    await calls.world.here("maria")
    wanted = MONDAY_NOON + timedelta(hours=3)
    one = await calls.taken(not_before=wanted)
    assert (one.owner, one.lane, one.not_before) == ("", "", wanted)
    assert one.due_at == wanted + timedelta(minutes=5)
    assert one.promise is not None
    assert one.promise.at == wanted + timedelta(minutes=5)
    assert "15:05 today" in one.outbox[0].text or "15:05" in one.outbox[0].text
    assert one.wake_at is not None
    await calls.world.timers.tick(slow=True)
    assert (await calls.world.fresh(one)).owner == ""
    calls.world.clock.move(3 * 3600)
    await calls.world.here("maria")
    await calls.world.timers.tick(slow=False)
    fresh = await calls.world.fresh(one)
    assert (fresh.owner, fresh.not_before) == ("maria", None)


async def test_a_customer_who_was_missed_is_tried_again_later(tmp_path: Path) -> None:
    """The promise was kept, the owner's hands are free meanwhile, and at the time somebody has it again."""
    calls = Calls(tmp_path)
    await calls.world.here("maria")
    one = await calls.taken()
    assert one.owner == "maria"
    later = calls.world.clock.now() + timedelta(minutes=10)
    await calls.world.take(calls.status(one, reason="The customer was busy.", not_before=later))
    fresh = await calls.world.fresh(one)
    assert (fresh.status.value, fresh.owner, fresh.not_before) == ("open", "", later)
    assert fresh.due_at == later + timedelta(minutes=5)
    assert fresh.waiting_since == one.waiting_since
    assert fresh.flags == ("The customer was busy.",)
    assert await calls.world.claims("maria") == 0
    assert [made.state for made in fresh.promises] in ([PromiseState.KEPT], [PromiseState.WITHDRAWN])
    calls.world.clock.move(600)
    await calls.world.timers.tick(slow=False)
    assert (await calls.world.fresh(one)).owner == "maria"
    await calls.world.take(calls.status(one, reason="They could not be reached in 3 calls."))
    last = await calls.world.fresh(one)
    assert last.owner == "maria"
    assert "They could not be reached in 3 calls." in last.flags[-1]
