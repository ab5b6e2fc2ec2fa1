from pathlib import Path
from typing import Any

import pytest

from channels.email.mime.address import normal
from channels.message import Identity
from router.conversation import Customer, Mark
from router.customers import roster
from router.customers.edits import BATCH, Customers, Entry, revised
from router.customers.fields import identity, parsed
from router.errors import Conflict
from router.ports import Commit, Outcome
from tests.support.world import MONDAY_NOON, RULES, World

PREMIUM = """
  - name: Premium customers come first
    when: {customer.tier: premium}
    then: {priority: urgent, target: 1h}
"""


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path, RULES + PREMIUM.removeprefix("\n"))


@pytest.fixture
def customers(world) -> Customers:
    return Customers(world.store, world.clock)


def entries(text: str) -> list[Entry]:
    found = roster.understood(text, "customers.csv")
    assert found.problems == []
    return [row.entry for row in found.rows]


async def test_an_imported_tier_decides_about_a_mail(world, customers) -> None:
    """Import, then a mail from that address: the rule about customer.tier matches; a stranger's does not."""
    await customers.put_all(entries("email,name,tier\nAna@Example.org,Ana,premium\n"), by="")
    (one,) = await world.take(world.mail_from("ana@example.org"))
    (two,) = await world.take(world.mail_from("ben@example.org"))
    assert (one.decision.rule, one.priority) == ("Premium customers come first", "urgent")
    assert two.priority == "normal"
    assert [each.id for each in await customers.find("ana@example.org")] == [one.customer]


async def test_a_tier_set_later_decides_about_the_next_mail(world, customers) -> None:
    """Somebody who wrote before becomes premium: the record that the router made is the one that changes."""
    (one,) = await world.take(world.mail_from("ana@example.org"))
    await customers.change(one.customer, {"tier": "premium"}, by="tom")
    (two,) = await world.take(world.mail_from("ana@example.org"))
    assert two.customer == one.customer
    assert two.priority == "urgent"


async def test_an_import_again_changes_nothing(world, customers) -> None:
    """The same file is new the first time and as it was the second; an empty cell leaves what is known."""
    text = "email,name,tier\nana@x.org,Ana,premium\nben@x.org,Ben,\n"
    assert (await customers.plan(entries(text))).new == 2
    assert (await customers.put_all(entries(text), by="")).new == 2
    assert (await customers.put_all(entries(text), by="")).same == 2
    counts = await customers.put_all(entries("email,name,tier\nana@x.org,,\nben@x.org,,gold\n"), by="")
    assert (counts.same, counts.changed) == (1, 1)
    assert [one.attributes for one in await customers.find("ana@x.org")] == [{"tier": "premium"}]


async def test_a_long_file_goes_in_batches(world, customers) -> None:
    """More customers than one trip takes are all there."""
    many = [Entry(identities=(identity("chat", f"v{n}"),)) for n in range(2 * BATCH + 1)]
    assert (await customers.put_all(many, by="")).new == 2 * BATCH + 1
    assert len(await customers.find("chat:v400")) == 1


async def test_two_addresses_on_a_line_are_one_customer(world, customers) -> None:
    """A line may join an address to a known customer; addresses of two customers are refused."""
    await customers.put_all(entries("email\nana@x.org\n"), by="")
    await customers.put_all(entries("email,identity\nana@x.org,phone:+45 1234 5678\n"), by="")
    (found,) = await customers.find("+4512345678")
    assert [one.key for one in found.identities] == ["email:ana@x.org", "phone:+4512345678"]
    await customers.put_all(entries("identity\nchat:v1\n"), by="")
    both = entries("email,identity\nana@x.org,chat:v1\n")
    assert "different customers" in (await customers.clashes(both))[0]
    with pytest.raises(Conflict):
        await customers.put_all(both, by="")


async def test_two_lines_about_one_customer_both_count(world, customers) -> None:
    """The second is applied on top of the first."""
    await customers.put_all(entries("email,identity\nana@x.org,chat:v1\n"), by="")
    await customers.put_all(entries("identity,tier,seats\nemail:ana@x.org,gold,\nchat:v1,,7\n"), by="")
    (found,) = await customers.find("ana@x.org")
    assert found.attributes == {"tier": "gold", "seats": "7"}


class Rival:
    """A store in which the router writes the same customer just before each of our first writes."""

    def __init__(self, store, times: int) -> None:
        self._store, self._times = store, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Outcome:
        """Let the router go first."""
        if commit.customers and self._times:
            self._times -= 1
            wanted = commit.customers[0]
            known = await self._store.customer(wanted.id) or Customer(
                id=wanted.id, identities=wanted.identities
            )
            facts = {**known.attributes, f"seen{self._times}": "yes"}
            theirs = Customer(
                id=known.id, version=known.version + 1, identities=known.identities, attributes=facts
            )
            await self._store.commit(Commit(customers=[theirs]))
        return await self._store.commit(commit)


async def test_nothing_is_lost_on_a_race(world) -> None:
    """The router's own writes and ours meet, three times: both are there afterwards."""
    ours = Customers(Rival(world.store, 3), world.clock)
    await ours.put(Entry(identities=(parsed("ana@x.org"),), attributes={"tier": "gold"}), by="")
    (found,) = await ours.find("ana@x.org")
    assert found.attributes == {"seen0": "yes", "seen1": "yes", "seen2": "yes", "tier": "gold"}
    changed = await Customers(Rival(world.store, 1), world.clock).change(found.id, {"tier": ""}, by="")
    assert "tier" not in changed.attributes
    with pytest.raises(Conflict):
        await Customers(Rival(world.store, 99), world.clock).change(found.id, {"tier": "x"}, by="")


async def test_who_changed_a_customer_is_logged_without_the_values(world, customers) -> None:
    """The log says whose record and by whom, not what stands in it."""
    await customers.put(Entry(identities=(parsed("ana@x.org"),), attributes={"tier": "gold"}), by="tom")
    lines = [line for _, line in await world.store.log(after=0, limit=50) if line.kind == "customer set"]
    assert [(line.agent, line.data) for line in lines] == [("tom", {})]


def test_every_problem_of_a_file_is_told_at_once() -> None:
    """Each with the file and its line, also after a cell of several lines."""
    text = (
        "email,name,tier,zone\n"
        'ana,"A\nna",gold,Copenhagen\n'
        ",Ben,gold,\n"
        "cid@x.org,Cid,gold\n"
        "dan@x.org,,,\n"
        "\n"
        "DAN@x.org,,,\n"
    )
    assert [one.split(";")[0] for one in roster.understood(text, "c.csv").problems] == [
        "c.csv:2: email: 'ana' is not an email address",
        "c.csv:2: name: a name contains control characters",
        "c.csv:2: zone: 'Copenhagen' is not a time zone",
        "c.csv:4: no address",
        "c.csv:5: 3 cells, but the header has 4 columns",
        "c.csv:8: email:dan@x.org stands in line 6 already",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("name,tier", "needs a column"),
        ("email,Tier", "column 2: 'Tier' cannot be an attribute"),
        ("email,tier,tier", "'tier' is there twice"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(header: str, said: str) -> None:
    """What is wrong stands at line 1."""
    problems = roster.understood(f"{header}\nana@x.org,a,b\n", "c.csv").problems
    assert len(problems) == 1
    assert problems[0].startswith("c.csv:1: ")
    assert said in problems[0]


def test_semicolons_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    """What spreadsheets save in much of Europe is read as it is meant."""
    path = tmp_path / "c.csv"
    path.write_bytes("\ufeffemail;name\r\nana@x.org;Ána, P.\r\n".encode())
    (row,) = roster.read(path).rows
    assert (row.line, row.entry.name) == (2, "Ána, P.")


@pytest.mark.parametrize("address", ["Ana@Example.ORG", "Ana.Ñ@exämple.org", "STRASSE@x.de."])
def test_addresses_are_compared_as_the_mail_channel_does(address: str) -> None:
    """An imported address and that of a mail that comes in later are equal."""
    assert identity("email", address).address == normal(address)


def test_an_entry_that_says_nothing_new_is_the_same_value() -> None:
    """So that nothing is written for it."""
    known = Customer(id="c", version=3, identities=(Identity(kind="email", address="a@x.org"),), name="Ana")
    assert (
        revised(
            known,
            Entry(identities=(parsed("A@x.org"),), attributes={"tier": ""}),
            Mark(at=MONDAY_NOON, person=True),
        )
        is known
    )
