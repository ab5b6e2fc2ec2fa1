"""What every store promises about customers who are the same person, joined and parted by several at once."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Customer, Join, Part
from router.customers import persons
from router.customers.edits import Customers
from router.customers.joiner import Joiner
from router.errors import ActionError, Conflict
from router.ports import Commit, Outcome, Store
from router.testing import ManualClock, MemoryEvents
from router.testing.time import START
from tests.contract.conftest import Another
from tests.contract.store_values import accept, conversation, put


def who(letter: str, **more: Any) -> Customer:
    """Return a customer who came with an address of their own."""
    identity = Identity(kind="email", address=f"{letter}@x.org", verified=True)
    return Customer(id=f"c_{letter}", version=1, name=letter.upper(), identities=(identity,), **more)


def join(one: str, other: str, evidence: str = persons.PERSON) -> Join:
    """Return the join of two customers by a person's decision."""
    return Join(one=f"c_{one}", other=f"c_{other}", evidence=evidence, by="maria", at=START)


def joiner(store: Store, clock: ManualClock) -> Joiner:
    """Return a joiner on this store."""
    return Joiner(store, MemoryEvents(), clock)


async def given(store: Store, letters: str, **more: Any) -> None:
    """Write customers and a conversation for each."""
    await store.commit(Commit(customers=[who(letter, **more) for letter in letters]))
    for number, letter in enumerate(letters):
        at = START + timedelta(minutes=number)
        await put(store, conversation(f"cv_{letter}", customer=f"c_{letter}", updated_at=at))


async def seen(store: Store, letter: str) -> tuple[str, set[str], list[str]]:
    """Return who a customer is now, their identities, and the conversations of the whole person."""
    one = await store.customer(f"c_{letter}")
    assert one is not None
    found = await store.of_customer(f"c_{letter}", 20)
    return one.id, {each.address[0] for each in one.identities}, [each.id for each in found]


async def test_joined_customers_are_one(store: Store, store_clock: ManualClock) -> None:
    """By each old id and each address the same person comes, with the conversations of both, newest first."""
    await given(store, "abc")
    done = await joiner(store, store_clock).join(join("b", "a"))
    assert done == await store.customer("c_a")
    for letter in "ab":
        assert await seen(store, letter) == ("c_a", {"a", "b"}, ["cv_b", "cv_a"])
    assert [one.id for one in await store.of_customer("c_b", 1)] == ["cv_b"]
    found = await store.customers_of(["email:a@x.org", "email:b@x.org", "email:c@x.org"])
    assert [one.id for one in found.values()] == ["c_a", "c_a", "c_c"]
    assert (await store.customers(["c_b", "c_none"]))["c_b"].joined_into == "c_a"
    assert await joiner(store, store_clock).join(join("a", "b")) == done


async def test_a_batch_loads_the_whole_person(store: Store, store_clock: ManualClock) -> None:
    """A message of either identity brings the joined customer, once, and the newest conversations of both."""
    await given(store, "ab")
    await joiner(store, store_clock).join(join("a", "b"))
    sender = Identity(kind="email", address="b@x.org")
    await accept(store, "m1", sender=sender, claims=(Identity(kind="email", address="a@x.org"),))
    loaded = await store.load(["m1"])
    assert {key: one.id for key, one in loaded.customers.items()} == {
        "email:a@x.org": "c_a",
        "email:b@x.org": "c_a",
    }
    assert {key: len(ones) for key, ones in loaded.holders.items()} == {
        "email:a@x.org": 1,
        "email:b@x.org": 1,
    }
    assert set(loaded.conversations) == {"cv_a", "cv_b"}


async def test_everybody_with_an_identity_is_loaded(store: Store) -> None:
    """Whoever came with it first stands first; who no longer has it is gone."""
    shared = who("b").identities[0]
    other = who("a", attributes={"tier": "x"})
    await store.commit(Commit(customers=[who("b"), replace(other, identities=(*other.identities, shared))]))
    await accept(store, "m1", sender=shared)
    assert [one.id for one in (await store.load(["m1"])).holders[shared.key]] == ["c_b", "c_a"]
    await store.commit(Commit(customers=[replace(other, version=2)]))
    assert [one.id for one in (await store.load(["m1"])).holders[shared.key]] == ["c_b"]


@pytest.mark.parametrize("order", list(itertools.permutations([("a", "b"), ("c", "d"), ("d", "b")])))
async def test_chains_end_at_the_same_person(
    store: Store, store_clock: ManualClock, order: Sequence[tuple[str, str]]
) -> None:
    """In whatever order groups are joined, all ids lead to one person with all conversations."""
    await given(store, "abcd")
    for one, other in order:
        await joiner(store, store_clock).join(join(one, other))
    for letter in "abcd":
        assert await seen(store, letter) == ("c_a", set("abcd"), ["cv_d", "cv_c", "cv_b", "cv_a"])


async def test_many_routers_join_at_once(store_another: Another, store_clock: ManualClock) -> None:
    """Two processes join a ring of six in both directions at once: one person, each part once."""
    stores = [await store_another(), await store_another()]
    await given(stores[0], "abcdef")
    ring = [*zip("abcdef", "bcdefa", strict=True), *zip("bcdefa", "abcdef", strict=True)]
    async with asyncio.TaskGroup() as group:
        for number, (one, other) in enumerate(ring):
            group.create_task(joiner(stores[number % 2], store_clock).join(join(one, other)))
    for letter in "abcdef":
        assert await seen(stores[0], letter) == ("c_a", set("abcdef"), [f"cv_{one}" for one in "fedcba"])
    whole = await stores[1].customer("c_f")
    assert whole is not None
    assert sorted(whole.ids) == [f"c_{one}" for one in "abcdef"]


async def test_a_join_while_customers_change(store_another: Another, store_clock: ManualClock) -> None:
    """What a router writes meanwhile, under either identity, is there afterwards or told again by its next message."""
    stores = [await store_another(), await store_another()]
    await given(stores[0], "ab")

    async def write(letter: str, number: int) -> None:
        for _ in range(20):
            known = (await stores[1].customers_of([f"email:{letter}@x.org"]))[f"email:{letter}@x.org"]

            def told(part: Any) -> Any:
                return replace(part, attributes={**part.attributes, f"{letter}{number}": "yes"})

            fresh = persons.changed(known, f"c_{letter}", told)
            outcome = await stores[1].commit(Commit(customers=[replace(fresh, version=known.version + 1)]))
            if outcome.customers[0]:
                return
        raise AssertionError("lost twenty times")

    async def both() -> None:
        for number in range(5):
            for letter in "ab":
                await write(letter, number)

    await asyncio.gather(both(), joiner(stores[0], store_clock).join(join("b", "a")))
    await both()
    one = await stores[0].customer("c_b")
    assert one is not None
    assert set(one.attributes) == {f"{letter}{number}" for letter in "ab" for number in range(5)}
    (keeper, parted) = await joiner(stores[0], store_clock).split("c_a", "c_a", "c_b", by="tom")
    assert set(keeper.attributes) == {f"a{number}" for number in range(5)}
    assert set(parted.attributes) == {f"b{number}" for number in range(5)}


async def test_what_was_joined_comes_apart(store: Store, store_clock: ManualClock) -> None:
    """Each is again who they were, found by id and address, with their own conversations; new ones included."""
    await given(store, "abc")
    ours = joiner(store, store_clock)
    await ours.join(join("a", "b"))
    await ours.join(join("b", "c"))
    await put(store, conversation("cv_new", customer="c_c", updated_at=START + timedelta(hours=1)))
    before = await store.customer("c_a")
    assert before is not None
    await ours.split("c_c", "c_a", "c_b", by="tom")
    assert await seen(store, "a") == ("c_a", {"a"}, ["cv_a"])
    for letter in "bc":
        assert await seen(store, letter) == ("c_b", {"b", "c"}, ["cv_new", "cv_c", "cv_b"])
    await ours.split("c_b", "c_c", "c_b", by="tom")
    assert await seen(store, "b") == ("c_b", {"b"}, ["cv_b"])
    assert await seen(store, "c") == ("c_c", {"c"}, ["cv_new", "cv_c"])
    for letter in "abc":
        assert (await store.customers([f"c_{letter}"]))[f"c_{letter}"].joined_into == ""
        assert (await store.customers_of([f"email:{letter}@x.org"]))[
            f"email:{letter}@x.org"
        ].id == f"c_{letter}"
    kinds = [line.kind for _, line in await store.log(after=0, limit=50) if line.kind.startswith("customers")]
    assert kinds == ["customers joined", "customers joined", "customers split", "customers split"]


async def test_a_person_has_the_last_word(store: Store, store_clock: ManualClock) -> None:
    """After a person parted them no evidence joins them again; another person may."""
    await given(store, "abc")
    ours = joiner(store, store_clock)
    await ours.join(join("a", "b", persons.SIGNED))
    await ours.split("c_a", "c_a", "c_b", by="tom")
    await ours.join(join("b", "c", persons.ADDRESS))
    with pytest.raises(Conflict):
        await ours.join(join("a", "c", persons.SIGNED))
    with pytest.raises(ActionError):
        await ours.split("c_a", "c_a", "c_b", by="tom")
    assert set((await ours.join(join("a", "c"))).ids) == {"c_a", "c_b", "c_c"}


async def test_parting_and_joining_at_once_leaves_all_sound(
    store_another: Another, store_clock: ManualClock
) -> None:
    """Whatever wins, each id leads to somebody who has it as a part, and each part stands with one person."""
    stores = [await store_another(), await store_another()]
    await given(stores[0], "abcd")
    ours = [joiner(one, store_clock) for one in stores]
    for one, other in ("ab", "bc", "cd"):
        await ours[0].join(join(one, other))
    await asyncio.gather(
        ours[0].split("c_a", "c_b", "c_c", by="tom"),
        ours[1].split("c_a", "c_a", "c_b", by="lea"),
        ours[1].join(join("d", "a")),
        return_exceptions=True,
    )
    for letter in "abcd":
        one = await stores[0].customer(f"c_{letter}")
        assert one is not None
        assert f"c_{letter}" in one.ids
        for part in one.ids:
            assert await stores[1].customer(part) == one


class Dies(Exception):
    """The process was killed here."""


class Mortal:
    """A store whose process dies at the so-many-eth write of customers, before or after it."""

    def __init__(self, store: Store, at: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, at, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Outcome:
        """Write, unless it is time to die."""
        self._left -= 1
        if not self._left and not self._after:
            raise Dies
        outcome = await self._store.commit(commit)
        if not self._left:
            raise Dies
        return outcome


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_kill_between_two_writes_is_mended(
    store: Store,
    store_clock: ManualClock,
    at: int,
    after: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """A join or an undoing that was cut off anywhere does no harm, and doing it again finishes it."""
    await given(store, "abc")
    whole = joiner(store, store_clock)
    for one, other in ("bc", "ab"):
        mortal: Any = Mortal(store, at, after=after)
        try:
            await joiner(mortal, store_clock).join(join(one, other))
        except Dies:
            await _sound(store, "abc")
        await whole.join(join(one, other))
    assert await seen(store, "c") == ("c_a", set("abc"), ["cv_c", "cv_b", "cv_a"])
    mortal = Mortal(store, at, after=after)
    try:
        await joiner(mortal, store_clock).split("c_a", "c_a", "c_b", by="tom")
    except Dies:
        await _sound(store, "abc")
        with suppress(ActionError):  # it had been done
            await whole.split("c_a", "c_a", "c_b", by="tom")
    await _sound(store, "abc")
    assert await seen(store, "a") == ("c_a", {"a"}, ["cv_a"])
    for letter in "bc":
        assert await seen(store, letter) == ("c_b", {"b", "c"}, ["cv_c", "cv_b"])
    await whole.join(join("c", "a"))
    assert await seen(store, "b") == ("c_a", set("abc"), ["cv_c", "cv_b", "cv_a"])


class Busy:
    """A store on which others do something right after some of its writes."""

    def __init__(self, store: Store, then: dict[int, Callable[[], Awaitable[None]]]) -> None:
        self._store, self._count, self._then = store, 0, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Outcome:
        """Write, and let the others come in."""
        outcome = await self._store.commit(commit)
        self._count += 1
        if self._count in self._then:
            await self._then[self._count]()
        return outcome


@pytest.mark.parametrize(("read", "written"), [(1, 2), (1, 3), (2, 3)])
@pytest.mark.parametrize("letter", ["a", "b"])
async def test_what_a_person_sets_during_a_join_is_kept(
    store: Store, store_clock: ManualClock, letter: str, read: int, written: int
) -> None:
    """Read after one write of a join and written after another: it is kept, or the writer is told that it lost."""
    await given(store, "ab")
    known: list[Customer] = []
    won: list[bool] = []

    async def look() -> None:
        known.extend((await store.customers_of([f"email:{letter}@x.org"])).values())

    async def write() -> None:
        def told(part: Part) -> Part:
            return replace(part, attributes={"tier": "premium"})

        fresh = replace(persons.changed(known[0], f"c_{letter}", told), version=known[0].version + 1)
        won.extend((await store.commit(Commit(customers=[fresh]))).customers)

    busy: Any = Busy(store, {read: look, written: write})
    await joiner(busy, store_clock).join(join("a", "b"))
    one = await store.customer("c_b")
    assert one is not None
    assert one.ids == ("c_a", "c_b")
    assert won == [bool(one.attributes)]


async def test_what_a_person_sets_in_the_middle_of_a_join_is_kept(
    store: Store, store_clock: ManualClock
) -> None:
    """Somebody changes the one who is being joined before the other has them: the change goes along."""
    await given(store, "ab")

    async def change() -> None:
        await Customers(store, store_clock).change("c_b", {"tier": "premium"}, by="lea")

    busy: Any = Busy(store, {1: change})
    await joiner(busy, store_clock).join(join("a", "b"))
    one = await store.customer("c_a")
    assert one is not None
    assert one.attributes == {"tier": "premium"}
    _, parted = await joiner(store, store_clock).split("c_a", "c_a", "c_b", by="tom")
    assert parted.attributes == {"tier": "premium"}


async def _sound(store: Store, letters: str) -> None:
    """Check that each id leads to a person who has its identity."""
    for letter in letters:
        one = await store.customer(f"c_{letter}")
        assert one is not None
        assert f"c_{letter}" in one.ids
        assert letter in {each.address[0] for each in one.identities}
