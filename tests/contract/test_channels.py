"""What holds for every channel: real service, real HTTP, a stand-in for the provider whose ledger is the judge.

Runs on all channels that have a stand-in, those made by `channels new` among them; never asks for a channel's name.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from copy import copy

import pytest
import pytest_asyncio

from channels import registry
from channels.message import Kind
from channels.tryout import Finding
from router.channelkit.trial import trial
from router.clock import SystemClock
from router.conversation import Conversation, PromiseState, SendState
from sandbox.faults import Fault
from sandbox.stand import known_faults, stand_of
from tests.support.alive import ACCOUNT, Alive, Place, opened, running
from tests.support.told import CHANNELS, arrived_once, person, sent_once_or_shown, texts, word, written

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What may go wrong when we send, and when an event is brought to us.
SENDING = (
    Fault.THROTTLED,
    Fault.THROTTLED_BARE,
    Fault.BROKEN,
    Fault.DROPPED,
    Fault.FAILED_AFTER,
    Fault.REFUSED,
    Fault.REVOKED,
)
EVENTS = (Fault.TWICE, Fault.REORDERED, Fault.LATE, Fault.LOST)
REDELIVERIES = 100
#: Those to which the provider delivers events by itself.
HOOKED = [name for name in CHANNELS if "hook" in registry.manifest(name).capabilities.receive]


def having(faults: Sequence[Fault]) -> list[tuple[str, Fault]]:
    """Return each channel with each of these faults that its provider can have."""
    return [(name, one) for name in CHANNELS for one in faults if one in known_faults(stand_of(name))]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=CHANNELS)
async def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """Give one account of each channel, and the provider's stand-in."""
    channel = request.param
    async with opened(tmp_path_factory.mktemp(channel), channel, stand_of(channel)) as place:
        yield place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alive(place: Place) -> AsyncIterator[Alive]:
    """Run the service with this account."""
    async with running(place) as service:
        yield service


@pytest.fixture
def well(alive: Alive) -> Alive:
    """Give the service with everything going well at the provider."""
    alive.stand.faults.clear()
    return alive


async def test_a_message_becomes_a_conversation_and_gets_one_note(well: Alive) -> None:
    """It has a person and a due time, and the customer hears from us once."""
    customer, key = person(), word()
    one = await written(well, customer, f"Where is my parcel {key}")
    assert one.accountable
    assert one.due_at is not None
    one, items = await well.settled(key)
    assert [(item.note is not None, item.state) for item in items] == [(True, SendState.SENT)]
    await arrived_once(well, customer, items[0])
    assert len(texts(well, customer)) == 1


async def test_a_persons_answer_reaches_the_customer_once(well: Alive) -> None:
    """What Maria writes at the desk arrives, even when she presses twice; the promise is kept."""
    customer, key = person(), word()
    one = await written(well, customer, f"Where is my parcel {key}")
    await well.settled(key)
    for _ in range(2):
        await well.reply(one, "It is on its way since this morning.", key=f"r{key}")
    one, items = await well.settled(key, 2)
    assert [item.state for item in items] == [SendState.SENT] * 2
    await arrived_once(well, customer, items[1])
    assert one.promise is None or one.promise.state is PromiseState.KEPT


@pytest.mark.parametrize("place", HOOKED, indirect=True)
async def test_the_same_event_a_hundred_times_is_one_message(well: Alive) -> None:
    """Redelivered all at once, an event is stored and shown once, and causes one note."""
    key = word()
    one = await written(well, person(), f"Only once {key}")
    sent = [each for each in well.place.gateway.taken if key.encode() in each.body]
    assert sent, "the message came in another way"
    answers = await asyncio.gather(*(well.place.gateway.again(sent[0]) for _ in range(REDELIVERIES)))
    assert set(answers) <= {200, 201, 202, 204}
    one, items = await well.settled(key)
    assert len(await well.has(key)) == 1
    assert [entry.kind for entry in one.entries] == [Kind.CUSTOMER]
    assert len(items) == 1


@pytest.mark.parametrize("place", HOOKED, indirect=True)
async def test_a_forged_event_is_refused_whatever_byte_was_changed(well: Alive) -> None:
    """Each changed byte of the body or of a signature gives 401 or 403, and nothing comes in."""
    key = word()
    await written(well, person(), f"Genuine {key}")
    one = next(each for each in well.place.gateway.taken if key.encode() in each.body)
    bodies = [flipped(one.body, at) for at in range(len(one.body))]
    headers = [
        (name, flipped(value.encode(), at).decode("latin-1"))
        for name, value in one.headers.items()
        if "signature" in name.lower()
        for at in range(len(value))
    ]
    gateway = well.place.gateway
    answers = [await gateway.again(one, body) for body in bodies]
    answers += [await gateway.again(one, None, **{name: value}) for name, value in headers]
    assert headers
    assert set(answers) <= {401, 403}
    assert len(await well.has(key)) == 1


def flipped(data: bytes, at: int) -> bytes:
    """Return the bytes with the lowest bit of one of them changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


async def test_an_answer_given_elsewhere_keeps_the_promise(well: Alive) -> None:
    """What our own people write in the provider's app is theirs: the promise is kept, and no note follows."""
    customer, key = person(), word()
    await written(well, customer, f"Can you help {key}")
    await well.settled(key)
    try:
        await well.stand.answer(customer, f"Tom here, done by hand {key}x")
    except NotImplementedError:
        return  # our own page: there is no other app to answer in

    async def answered() -> Conversation | None:
        one = await well.one(key)
        return one if any(entry.kind is Kind.AGENT for entry in one.entries) else None

    one: Conversation = await well.until(answered, "the answer given elsewhere", leap_s=2.0)
    ended = [made.state for made in (*one.promises, *([one.promise] if one.promise else []))]
    assert set(ended) == {PromiseState.KEPT}
    assert len([entry for entry in one.entries if entry.kind is Kind.AGENT]) == 1
    assert one.waiting_since is None


async def test_an_account_that_is_well_has_nothing_to_mend(well: Alive) -> None:
    """`channels test` finds hook, credentials and clock as they should be."""
    found: list[Finding] = []
    key = (well.place.channel, ACCOUNT)
    host = copy(well.parts.hosts[key])
    host.clock = SystemClock()  # the service's own has been moved on
    good = await trial(host, well.parts.channels[key], registry.adapter(key[0]), found.append)
    assert [f"{one.what} {one.mend}" for one in found if not one.ok] == []
    assert good
    if well.place.hooked:
        assert any("reaches this service" in one.what for one in found)


@pytest.mark.parametrize(("place", "fault"), having(SENDING), indirect=["place"])
async def test_what_goes_wrong_in_sending_is_sent_once_or_shown(well: Alive, fault: Fault) -> None:
    """A note and a person's answer reach the customer once each, or somebody is told; never twice, never nothing."""
    customer, key = person(), word()
    faults = well.stand.faults
    before = faults.struck.get(fault, 0)
    faults.set(fault, times=None if fault is Fault.REVOKED else 1)
    one = await written(well, customer, f"Something is wrong {key}")
    await asyncio.sleep(0.3 if fault is Fault.REVOKED else 0.0)
    faults.clear()
    await well.settled(key)
    faults.set(fault, times=None if fault is Fault.REVOKED else 1)
    await well.reply(one, f"Here is what you asked for, {secrets.token_hex(3)}.")
    await asyncio.sleep(0.3)
    faults.clear()
    one, items = await well.settled(key, 2)
    assert faults.struck.get(fault, 0) > before
    await sent_once_or_shown(well, customer, one, items)
    assert items[1].state is not SendState.CANCELLED


@pytest.mark.parametrize(("place", "fault"), having(EVENTS), indirect=["place"])
async def test_events_that_come_badly_count_once(well: Alive, fault: Fault) -> None:
    """Twice, in the wrong order, late or lost: each message is there once."""
    customer, key = person(), word()
    well.stand.faults.set(fault, times=2)
    for number in range(3):
        await well.stand.write(customer, f"Part {number} {key}", public=False)

    async def complete() -> list[str] | None:
        found = [entry.key for one in await well.has(key) for entry in one.entries]
        return found if len(found) >= 3 else None

    found = await well.until(complete, "all three messages", leap_s=2.0)
    await asyncio.sleep(0.3)
    assert well.stand.faults.struck.get(fault, 0) > 0
    found = [entry.key for one in await well.has(key) for entry in one.entries]
    assert len(found) == len(set(found)) == 3
