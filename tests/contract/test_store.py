"""What every store promises about accepting and deciding, alone and in a race."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from msgspec.structs import replace

from channels.message import Attachment, Identity, Kind
from router.conversation import Agent, Customer, Status
from router.ports import Change, Commit, Store
from router.testing import ManualClock
from router.testing.time import START
from tests.contract.store_values import (
    ANA,
    accept,
    agent,
    conversation,
    entry,
    event,
    item,
    message,
    next_state,
    put,
)

Another = Callable[[], Awaitable[Store]]

# --- accepting


async def test_a_message_is_accepted_once(store: Store) -> None:
    """The second arrival of a key is told apart and changes nothing."""
    assert await accept(store, "m1", "m2") == [True, True]
    assert await store.accept([(message("m1", text="other"), START), (message("m3"), START)]) == [False, True]
    found = await store.message("m1")
    assert found is not None
    assert found.message == message("m1")


async def test_the_same_key_twice_in_one_batch(store: Store) -> None:
    """Only the first of two equal keys in a batch is new."""
    assert await accept(store, "m1", "m1") == [True, False]


async def test_an_accepted_message_has_a_queue_and_a_due_time(store: Store) -> None:
    """From the first moment it waits in triage, due at the time given."""
    await accept(store, "m1")
    found = await store.message("m1")
    assert found is not None
    assert (found.state, found.queue, found.due_at) == ("new", "triage", START + timedelta(hours=24))


async def test_everything_of_a_message_is_kept(store: Store) -> None:
    """Every field comes back as it went in, awkward names included."""
    full = message(
        "imap:a.b$c:1:2",
        kind=Kind.EDIT,
        sent_at=START - timedelta(days=1),
        claims=(Identity(kind="phone", address="+45"),),
        to=("a@b.c",),
        subject="Ærø \U0001f600 \x00",
        attachments=(Attachment(name="x", content_type="a/b", size=1, blob="ff"),),
        references=("<1@x>",),
        attributes={"tier.level": "gold", "$where": "1", "": "x"},
    )
    await store.accept([(full, START)])
    found = await store.message(full.key)
    assert found is not None
    assert found.message == full


async def test_half_characters_are_mended(store: Store) -> None:
    """A lone surrogate, which has no UTF-8, does not keep a message (or its batch) from being accepted."""
    assert await store.accept([(message("m1", text="a\ud800b"), START), (message("m2"), START)]) == [
        True,
        True,
    ]
    assert await store.message("m2") is not None


async def test_an_endless_text_is_cut(store: Store) -> None:
    """A text of many megabytes is accepted and cut; the raw bytes have the rest."""
    await store.accept([(message("m1", text="\x00" * 3_000_000, full_text="\U0001f600" * 3_000_000), START)])
    found = await store.message("m1")
    assert found is not None
    assert 0 < len(found.message.text) <= 3_000_000


async def test_an_unknown_message_is_none(store: Store) -> None:
    """Asking for a key that never came gives None."""
    assert await store.message("nowhere") is None


async def test_two_handles_accept_the_same_key(store_another: Another) -> None:
    """Of two processes that accept the same key at once, exactly one is told that it was new."""
    one, two = await store_another(), await store_another()
    for number in range(5):
        answers = await asyncio.gather(accept(one, f"m{number}"), accept(two, f"m{number}"))
        assert sorted(answers) == [[False], [True]]


async def test_many_small_accepts_at_once(store: Store) -> None:
    """Accepts that come together are each answered for themselves."""
    answers = await asyncio.gather(*(accept(store, f"m{number % 20}") for number in range(40)))
    assert sum(answer == [True] for answer in answers) == 20


async def test_unrouted_are_the_old_new_ones(store: Store) -> None:
    """The sweep sees messages still new and old enough, oldest first."""
    for minute, key in [(3, "m3"), (1, "m1"), (9, "m9"), (2, "m2")]:
        await accept(store, key, received_at=START + timedelta(minutes=minute))
    await put(store, conversation("cv"), applied=[entry("m2")])
    found = await store.unrouted(START + timedelta(minutes=5), 10)
    assert found == [("email", "m1"), ("email", "m3")]
    assert await store.unrouted(START + timedelta(minutes=5), 1) == [("email", "m1")]


async def test_parking_and_back(store: Store) -> None:
    """A parked message says why, leaves the sweep, and can be made new again with its attempts kept."""
    await accept(store, "m1", "m2")
    await store.park("m1", reason="broken", at=START)
    await store.park("m1", reason="still broken", at=START + timedelta(minutes=1))
    assert await store.unrouted(START + timedelta(days=1), 10) == [("email", "m2")]
    (found,) = await store.parked(10)
    assert (found.message.key, found.reason, found.attempts) == ("m1", "still broken", 2)
    assert found.parked_at == START + timedelta(minutes=1)
    assert await store.unpark("m1")
    assert not await store.unpark("m1")
    again = await store.message("m1")
    assert again is not None
    assert (again.state, again.reason, again.parked_at, again.attempts) == ("new", "", None, 2)


async def test_discarding_a_parked_message(store: Store) -> None:
    """A discarded message is kept with the reason and comes no more."""
    await accept(store, "m1")
    await store.park("m1", reason="broken", at=START)
    assert await store.unpark("m1", discard="spam, says Ines")
    found = await store.message("m1")
    assert found is not None
    assert (found.state, found.reason) == ("discarded", "spam, says Ines")
    assert await store.parked(10) == []
    assert await store.unrouted(START + timedelta(days=1), 10) == []


async def test_an_applied_message_is_not_parked(store: Store) -> None:
    """What is in a conversation has its place there; parking it does nothing."""
    await accept(store, "m1")
    await put(store, conversation("cv"), applied=[entry("m1")])
    await store.park("m1", reason="late", at=START)
    found = await store.message("m1")
    assert found is not None
    assert found.state == "applied"


async def test_parked_are_oldest_first(store: Store) -> None:
    """The list of parked messages starts with what waits longest."""
    await accept(store, "a", "b", "c")
    for minute, key in [(3, "a"), (1, "b"), (2, "c")]:
        await store.park(key, reason="x", at=START + timedelta(minutes=minute))
    assert [found.message.key for found in await store.parked(2)] == ["b", "c"]


# --- committing


async def test_a_commit_applies_its_messages(store: Store) -> None:
    """A message in a conversation knows it, its seq and the queue."""
    await accept(store, "m1")
    assert await put(store, conversation("cv"), applied=[entry("m1", 7)]) == [True]
    found = await store.message("m1")
    assert found is not None
    assert (found.state, found.conversation, found.seq, found.queue) == ("applied", "cv", 7, "general")


async def test_a_parked_message_can_be_applied(store: Store) -> None:
    """Deciding a parked message takes it off the list."""
    await accept(store, "m1")
    await store.park("m1", reason="x", at=START)
    await put(store, conversation("cv"), applied=[entry("m1")])
    assert await store.parked(10) == []


async def test_only_the_next_version_is_written(store: Store) -> None:
    """A state that is not exactly one version on loses, and nothing of it is written."""
    first = conversation("cv")
    assert await put(store, first) == [True]
    for version in (1, 3, 0):
        await accept(store, f"m{version}")
        late = replace(first, version=version, subject="late")
        lost = Change(conversation=late, applied=[entry(f"m{version}")], events=[event("late", "cv")])
        assert list((await store.commit(Commit(changes=[lost]))).changes) == [False]
    assert await store.conversation("cv") == first
    assert await store.log(after=0, limit=10) == []
    assert len(await store.unrouted(START + timedelta(days=1), 10)) == 3
    assert await put(store, next_state(first, subject="on time")) == [True]


async def test_a_new_conversation_does_not_take_a_reference(store: Store) -> None:
    """A reference that is in use makes a new conversation lose."""
    await put(store, conversation("cv1", reference="HB-SAME"))
    assert await put(store, conversation("cv2", reference="HB-SAME"), conversation("cv3")) == [False, True]
    assert await store.conversation("cv2") is None


async def test_a_commit_reports_in_order(store: Store) -> None:
    """Winners and losers are told in the order given."""
    known = conversation("b")
    await put(store, known)
    states = [conversation("a"), conversation("b"), conversation("c"), next_state(known)]
    assert await put(store, *states) == [True, False, True, True]


async def test_a_message_is_in_one_conversation_only(store: Store) -> None:
    """A change that applies a message which another conversation has loses whole."""
    await accept(store, "m1", "m2")
    await put(store, conversation("cv1"), applied=[entry("m1")])
    assert await put(store, conversation("cv2"), applied=[entry("m2"), entry("m1")]) == [False]
    first, second = await store.message("m1"), await store.message("m2")
    assert first is not None
    assert second is not None
    assert (first.conversation, second.conversation, second.state) == ("cv1", "", "new")
    assert await put(store, conversation("cv3"), applied=[entry("m2")]) == [True]


async def test_two_routers_decide_the_same_message(store_another: Another) -> None:
    """Of two conversations begun at once for the same message, exactly one comes to be."""
    one, two = await store_another(), await store_another()
    for number in range(8):
        key = f"m{number}"
        await accept(one, key)
        won = await asyncio.gather(
            put(one, conversation(f"a{number}"), applied=[entry(key)]),
            put(two, conversation(f"b{number}"), applied=[entry(key)]),
        )
        ids = [found.id for found in await one.conversations([f"a{number}", f"b{number}"])]
        stored = await one.message(key)
        assert stored is not None
        assert len(ids) <= 1
        assert [sum(answer) for answer in won].count(1) == len(ids)
        assert stored.conversation == (ids[0] if ids else "")


async def test_a_lost_message_can_be_decided_again(store_another: Another) -> None:
    """A loser that goes round again gets its message into a conversation."""
    one, two = await store_another(), await store_another()
    known = conversation("cv")
    await put(one, known)
    await accept(one, "m1")
    await put(two, next_state(known))
    assert await put(one, next_state(known), applied=[entry("m1")]) == [False]
    assert await put(two, conversation("new"), applied=[entry("m1")]) == [True]


async def test_two_routers_change_one_conversation(store_another: Another) -> None:
    """Of two changes of the same version exactly one wins, and its state is what is stored."""
    one, two = await store_another(), await store_another()
    state = conversation("cv")
    await put(one, state)
    for _ in range(6):
        left, right = next_state(state, subject="left"), next_state(state, subject="right")
        answers = await asyncio.gather(put(one, left), put(two, right))
        assert sorted(answers) == [[False], [True]]
        state = left if answers[0] == [True] else right
        assert await two.conversation("cv") == state


async def test_links_are_found_newest_first(store: Store) -> None:
    """A link leads to all its conversations, the newest opened first, and stays when the document forgets it."""
    old = conversation("old", links=("mid:<1@x>", "thread:t"))
    await put(store, old, conversation("new", links=("mid:<1@x>",), opened_at=START + timedelta(days=1)))
    await put(store, next_state(old, links=("thread:t",)))
    found = await store.by_link("mid:<1@x>")
    assert found is not None
    assert found.id == "new"
    thread = await store.by_link("thread:t")
    assert thread is not None
    assert thread.id == "old"
    await accept(store, "m1", references=("<1@x>",))
    loaded = await store.load(["m1"])
    assert list(loaded.links["mid:<1@x>"]) == ["new", "old"]


async def test_a_reference_leads_to_its_conversation(store: Store) -> None:
    """`ref:` finds a conversation by the reference that people say; an unknown link finds nothing."""
    await put(store, conversation("cv", reference="HB-7K2Q9"))
    found = await store.by_link("ref:HB-7K2Q9")
    assert found is not None
    assert found.id == "cv"
    assert await store.by_link("ref:HB-NONE") is None
    await accept(store, "m1", token="hb7k2q9-sig")
    assert list((await store.load(["m1"])).links["ref:HB-7K2Q9"]) == ["cv"]


# --- agents


async def test_agents_are_compared_and_set(store: Store) -> None:
    """An agent is written when the stored version is one less; 0 means not stored yet."""
    assert (await store.commit(Commit(agents=[agent("maria", 2)]))).agents == [False]
    assert (await store.commit(Commit(agents=[agent("maria", 1, "a")]))).agents == [True]
    assert (await store.commit(Commit(agents=[agent("maria", 1)]))).agents == [False]
    assert (await store.commit(Commit(agents=[agent("maria", 2, "a", "b"), agent("tom", 1)]))).agents == [
        True,
        True,
    ]
    assert await store.agents() == {"maria": agent("maria", 2, "a", "b"), "tom": agent("tom", 1)}


async def test_a_change_needs_its_agents(store: Store) -> None:
    """A change whose agent was not won is lost; the others are not touched by that."""
    await store.commit(Commit(agents=[agent("maria", 1)]))
    await accept(store, "m1")
    commit = Commit(
        agents=[agent("maria", 1, "a"), agent("tom", 1, "b")],
        changes=[
            Change(conversation=conversation("a"), applied=[entry("m1")], needs=["maria"]),
            Change(conversation=conversation("b"), needs=["tom"]),
            Change(conversation=conversation("c"), needs=["tom", "maria"]),
            Change(conversation=conversation("d"), needs=["nobody"]),
        ],
    )
    outcome = await store.commit(commit)
    assert (list(outcome.agents), list(outcome.changes)) == ([False, True], [False, True, False, False])
    assert [found.id for found in await store.conversations(["a", "b", "c", "d"])] == ["b"]
    assert await put(store, conversation("e"), applied=[entry("m1")]) == [True]


async def test_two_routers_claim_one_agent(store_another: Another) -> None:
    """Two routers cannot both give an agent the last free place."""
    one, two = await store_another(), await store_another()

    async def claim(store: Store, name: str, version: int) -> list[bool]:
        change = Change(conversation=conversation(name), needs=["maria"])
        return list(
            (await store.commit(Commit(agents=[agent("maria", version, name)], changes=[change]))).changes
        )

    for version in range(1, 6):
        names = [f"x{version}", f"y{version}"]
        answers = await asyncio.gather(claim(one, names[0], version), claim(two, names[1], version))
        assert sorted(answers) == [[False], [True]]
        winner = names[0] if answers[0] == [True] else names[1]
        assert (await one.agents())["maria"].claims[0].conversation == winner
        assert [found.id for found in await two.conversations(names)] == [winner]


async def test_a_heartbeat_changes_no_version(store: Store) -> None:
    """A heartbeat shows, never goes back, and does not make a claim lose."""
    await store.touch("maria", START)
    assert (await store.agents())["maria"] == Agent(id="maria", seen_at=START)
    assert (await store.commit(Commit(agents=[agent("maria", 1, "a")]))).agents == [True]
    later = START + timedelta(seconds=30)
    await store.touch("maria", later)
    await store.touch("maria", START)
    assert (await store.commit(Commit(agents=[replace(agent("maria", 2), seen_at=START)]))).agents == [True]
    assert (await store.agents())["maria"].seen_at == later


# --- customers


async def test_customers_are_known_by_their_identities(store: Store) -> None:
    """A customer is found by each identity; a change of an old version is dropped silently."""
    chat = Identity(kind="chat", address="v1")
    first = Customer(id="c_ana", version=1, identities=(ANA, chat), attributes={"a.b": "$x"})
    await store.commit(Commit(customers=[first]))
    await store.commit(Commit(customers=[replace(first, name="late")]))
    await accept(store, "m1", sender=chat, claims=(ANA,))
    assert (await store.load(["m1"])).customers == {chat.key: first, ANA.key: first}
    second = replace(first, version=2, name="Ana")
    await store.commit(Commit(customers=[second]))
    assert await store.customer("c_ana") == second
    assert await store.customer("nobody") is None


async def test_an_identity_comes_with_one_customer(store: Store) -> None:
    """Who first came with an identity keeps it; a second new customer for it is dropped silently."""
    one = Customer(id="c2", version=1, identities=(ANA,))
    await store.commit(Commit(customers=[one]))
    await store.commit(Commit(customers=[Customer(id="c1", version=1, identities=(ANA,))]))
    assert await store.customer("c1") is None
    other = Identity(kind="chat", address="v1")
    await store.commit(Commit(customers=[Customer(id="c0", version=1, identities=(other, ANA))]))
    await accept(store, "m1")
    assert (await store.load(["m1"])).customers[ANA.key].id == "c2"


async def test_customers_are_looked_up_by_identity(store: Store) -> None:
    """Those who are known come back under each identity asked for; strangers are absent."""
    chat = Identity(kind="chat", address="v1")
    ana = Customer(id="c_ana", version=1, identities=(ANA, chat))
    bob = Customer(id="c_bob", version=1, identities=(Identity(kind="phone", address="+4512345678"),))
    await store.commit(Commit(customers=[ana, bob]))
    asked = [ANA.key, chat.key, "phone:+4512345678", "email:nobody@example.com"]
    found = await store.customers_of(asked)
    assert found == {ANA.key: ana, chat.key: ana, "phone:+4512345678": bob}
    assert await store.customers_of([]) == {}


async def test_a_commit_tells_which_customers_were_written(store: Store) -> None:
    """New and next versions win; a stale one, a second of the same id and a taken identity do not."""
    ana = Customer(id="c_ana", version=1, identities=(ANA,))
    assert (await store.commit(Commit(customers=[ana]))).customers == [True]
    twin = Customer(id="c_twin", version=1, identities=(ANA,))
    bob = Customer(id="c_bob", version=1, identities=(Identity(kind="chat", address="b"),))
    outcome = await store.commit(Commit(customers=[ana, twin, bob, replace(ana, version=2, name="Ana")]))
    assert outcome.customers == [False, False, True, True]
    assert (await store.commit(Commit(customers=[replace(ana, version=2)]))).customers == [False]


# --- loading


async def test_load_brings_all_that_a_batch_needs(store: Store, store_clock: ManualClock) -> None:
    """One load returns messages, linked and recent conversations, customers, notes and agents."""
    await accept(store, "m1", references=("<1@x>",), message_id="<2@x>")
    await accept(store, "m2", sender=Identity(kind="email", address="bob@x"))
    linked = conversation("linked", customer="c_other", links=("mid:<1@x>",))
    await store.commit(
        Commit(
            changes=[Change(conversation=linked), Change(conversation=conversation("recent"))],
            customers=[Customer(id="c_ana", version=1, identities=(ANA,))],
            agents=[agent("maria", 1)],
        )
    )
    await store.allow_notes([(ANA.key, "n1"), (ANA.key, "n2")], at=store_clock.now(), most=3, window_s=3600)
    loaded = await store.load(["m1", "m2", "unknown"])
    assert set(loaded.messages) == {"m1", "m2"}
    assert set(loaded.conversations) == {"linked", "recent"}
    assert set(loaded.customers) == {ANA.key}
    assert loaded.notes_sent.get(ANA.key, 0) == 2
    assert loaded.notes_sent.get("email:bob@x", 0) == 0
    assert loaded.agents == {"maria": agent("maria", 1)}


async def test_load_of_an_applied_message_brings_its_conversation(store: Store) -> None:
    """A key that comes again brings the conversation that has it, and whatever that was merged into."""
    await accept(store, "m1")
    merged = conversation("cv", customer="x", merged_into="heir", status=Status.MERGED)
    await put(store, merged, applied=[entry("m1")])
    await put(store, conversation("heir", customer="x"))
    loaded = await store.load(["m1"])
    assert loaded.messages["m1"].conversation == "cv"
    assert set(loaded.conversations) == {"cv", "heir"}


async def test_load_looks_at_few_conversations_of_a_busy_customer(store: Store) -> None:
    """Of a customer with many conversations the most recently active ones come."""
    await store.commit(Commit(customers=[Customer(id="c_ana", version=1, identities=(ANA,))]))
    await put(store, *(conversation(f"cv{n}", updated_at=START + timedelta(minutes=n)) for n in range(12)))
    await accept(store, "m1")
    assert set((await store.load(["m1"])).conversations) == {f"cv{n}" for n in range(7, 12)}


async def test_load_of_nothing_brings_the_agents(store: Store) -> None:
    """With no keys, the matcher still gets the agents."""
    await store.commit(Commit(agents=[agent("maria", 1)]))
    loaded = await store.load([])
    assert (dict(loaded.messages), set(loaded.agents)) == ({}, {"maria"})


async def test_a_load_sees_what_was_committed_last(store_another: Another) -> None:
    """What one handle committed, the next load of another handle sees, in its newest version."""
    one, two = await store_another(), await store_another()
    state = conversation("cv", links=("thread:t",))
    await put(one, state)
    await accept(one, "m1", references=("x",))
    for number in range(3):
        state = next_state(state, subject=f"s{number}", outbox=(item("i", 1),))
        await put(one, state)
        assert await two.by_link("thread:t") == state


# --- waiting


async def test_waiting_gives_the_most_urgent_of_each_lane(store: Store) -> None:
    """Heads of lanes come in order of urgency; owned and closed work does not wait."""
    for number, due in enumerate([5, 1, 3]):
        at = START + timedelta(hours=due)
        await put(
            store,
            conversation(f"g{number}", due_at=at),
            conversation(f"b{number}", queue="billing", due_at=at),
        )
    await put(store, conversation("first", priority="urgent", due_at=START + timedelta(days=9)))
    await put(store, conversation("owned", owner="maria"), conversation("done", status=Status.RESOLVED))
    general, billing = conversation("x").lane, conversation("x", queue="billing").lane
    everybody = await store.waiting(None, 2)
    assert [found.id for found in everybody if found.queue == "general"] == ["first", "g1"]
    assert [found.id for found in everybody if found.queue == "billing"] == ["b1", "b2"]
    assert [found.id for found in await store.waiting([billing], 10)] == ["b1", "b2", "b0"]
    assert await store.waiting([], 10) == []
    assert {found.queue for found in await store.waiting([general, billing, "none"], 1)} == {
        "general",
        "billing",
    }


async def test_work_that_found_an_owner_waits_no_more(store: Store) -> None:
    """A lane is left when an owner is found and entered again when the work is given back."""
    one = conversation("cv")
    await put(store, one)
    owned = next_state(one, owner="maria")
    await put(store, owned)
    assert await store.waiting(None, 5) == []
    await put(store, next_state(owned, owner=""))
    assert [found.id for found in await store.waiting(None, 5)] == ["cv"]
