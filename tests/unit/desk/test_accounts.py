from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from channels.port import Clock
from router.desk import accounts, links, sessions, users
from router.desk.failures import Invalid
from router.errors import Conflict, NotFound
from router.ports import Store
from router.testing import ManualClock, MemoryStore
from rules.model import Person

PEOPLE = {
    "maria": Person(id="maria", name="Maria Jensen", email="Maria@example.com"),
    "tom": Person(id="tom", name="Tom Berg"),
}


@dataclass
class TheDoor:
    """What the command line would build."""

    clock: Clock = field(default_factory=ManualClock)
    store: Store = None  # type: ignore[assignment]  # made below, on the same clock
    secret: bytes = b"k" * 32
    public_url: str = "https://desk.example.com/"

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.clock)

    @property
    def book(self) -> Any:
        """Return what gives the rules."""
        return lambda: SimpleNamespace(people=PEOPLE)


@pytest.fixture
def door() -> TheDoor:
    """Give an empty store and a clock."""
    return TheDoor()


def token_of(link: str) -> str:
    """Return the token of a link."""
    return link.partition("?token=")[2]


async def test_an_address_has_one_account(door: TheDoor) -> None:
    """The same address in other letters is refused, with what to do."""
    user = await users.add(door.store, email="maria@example.com", name="Maria", role="lead")
    assert await accounts.find(door.store, "MARIA@example.com ") == user
    with pytest.raises(Conflict, match="already has an account"):
        await users.add(door.store, email="Maria@Example.com")


@pytest.mark.parametrize("email", ["", "maria", "@example.com", "a b@example.com", "a@", "x" * 300 + "@y.z"])
async def test_a_bad_address_is_refused(door: TheDoor, email: str) -> None:
    """What is no address makes no account."""
    with pytest.raises(Invalid, match=r"name@example\.com"):
        await users.add(door.store, email=email)


async def test_an_unknown_role_is_refused_with_those_there_are(door: TheDoor) -> None:
    """The error names the roles."""
    with pytest.raises(Invalid, match="agent, lead, ops, admin"):
        await users.add(door.store, email="a@example.com", role="boss")


async def test_each_role_may_do_what_the_ones_before_may(door: TheDoor) -> None:
    """Roles rank from agent to admin."""
    lead = await users.add(door.store, email="a@example.com", role="lead")
    assert [lead.may(role) for role in users.Role] == [True, True, False, False]


async def test_an_account_answers_as_the_agent_with_its_address(door: TheDoor) -> None:
    """The link between account and agent is the address, whatever its letters."""
    assert accounts.agent_of(door.book(), " maria@EXAMPLE.com") == "maria"
    assert accounts.agent_of(door.book(), "nobody@example.com") == ""
    assert accounts.agent_of(door.book(), "") == ""


async def test_a_link_signs_in_once(door: TheDoor) -> None:
    """The second use is refused, also after looking at it first."""
    user = await users.add(door.store, email="maria@example.com")
    link = await users.link(door, "maria@example.com")
    assert link.startswith("https://desk.example.com/signin/link?token=")
    assert await links.ticket_user(door, token_of(link)) == user
    assert await links.redeem(door, token_of(link)) == user
    with pytest.raises(Invalid, match="used already"):
        await links.redeem(door, token_of(link))
    with pytest.raises(Invalid, match="used already"):
        await links.ticket_user(door, token_of(link))


async def test_a_link_grows_old(door: TheDoor) -> None:
    """After a quarter of an hour it is worth nothing."""
    await users.add(door.store, email="maria@example.com")
    link = await users.link(door, "maria@example.com")
    await door.clock.advance(links.LINK_S)  # type: ignore[attr-defined]  # the manual clock
    with pytest.raises(Invalid, match="too old"):
        await links.redeem(door, token_of(link))


async def test_a_forged_link_is_refused(door: TheDoor) -> None:
    """Another key, a changed letter and plain nonsense do not sign in."""
    await users.add(door.store, email="maria@example.com")
    token = token_of(await users.link(door, "maria@example.com"))
    stranger = TheDoor(secret=b"x" * 32, clock=door.clock)
    stranger.store = door.store
    changed = token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:]  # the last letter has spare bits
    for wrong in [changed, "nonsense", ""]:
        with pytest.raises(Invalid, match="not ours"):
            await links.redeem(door, wrong)
    with pytest.raises(Invalid, match="not ours"):
        await links.redeem(stranger, token)


async def test_a_link_for_nobody_says_how_to_make_an_account(door: TheDoor) -> None:
    """The error names the command."""
    with pytest.raises(NotFound, match="handleby users add"):
        await users.link(door, "nobody@example.com")


async def test_the_first_link_makes_the_first_account_admin(door: TheDoor) -> None:
    """Who comes first may do everything; a second first link keeps the account."""
    await users.first_link(door, "maria")
    user = await accounts.find(door.store, "maria@example.com")
    assert (user.name, user.role) == ("Maria Jensen", "admin")
    await users.first_link(door, "maria")
    assert [one.email for one in await users.everyone(door.store)] == ["Maria@example.com"]


async def test_a_first_link_needs_an_agent_with_an_address(door: TheDoor) -> None:
    """An unknown agent, or one without address, is named in the error."""
    for agent in ["tom", "nobody"]:
        with pytest.raises(NotFound, match=agent):
            await users.first_link(door, agent)


async def test_later_first_links_make_agents(door: TheDoor) -> None:
    """Once there is an account, a first link gives no more than the role agent."""
    await users.add(door.store, email="boss@example.com", role="admin")
    await users.first_link(door, "maria")
    assert (await accounts.find(door.store, "maria@example.com")).role == "agent"


async def test_a_session_ends_by_sign_out_and_by_time(door: TheDoor) -> None:
    """The secret works until the session is ended, or two weeks have passed."""
    user = await users.add(door.store, email="maria@example.com")
    one, two = await sessions.begin(door, user), await sessions.begin(door, user)
    assert await sessions.session_user(door, one) == user
    await sessions.end(door, one)
    assert await sessions.session_user(door, one) is None
    assert await sessions.session_user(door, two) == user
    await door.clock.advance(sessions.SESSION_S)  # type: ignore[attr-defined]  # the manual clock
    assert await sessions.session_user(door, two) is None


async def test_the_store_holds_no_secret(door: TheDoor) -> None:
    """Neither session nor token can be read back from the records."""
    user = await users.add(door.store, email="maria@example.com")
    secrets = [await sessions.begin(door, user), await users.token(door, "maria@example.com")]
    kept = [record for kind in ("session", "token") for record in await door.store.records(kind, 10)]
    assert len(kept) == 2
    assert not [one for one in secrets if any(one in str(record) for record in kept)]


async def test_a_token_works_until_it_is_dropped(door: TheDoor) -> None:
    """Tokens are listed by name, without the secret."""
    user = await users.add(door.store, email="maria@example.com")
    secret = await users.token(door, "maria@example.com", name="import")
    assert await sessions.token_user(door, secret) == user
    (token,) = await sessions.tokens(door, user)
    assert token.name == "import"
    await sessions.drop_token(door, user, token.id)
    assert await sessions.token_user(door, secret) is None


async def test_a_token_of_another_account_cannot_be_dropped(door: TheDoor) -> None:
    """Dropping asks for the right account."""
    maria = await users.add(door.store, email="maria@example.com")
    tom = await users.add(door.store, email="tom@example.com")
    await users.token(door, "maria@example.com")
    (token,) = await sessions.tokens(door, maria)
    with pytest.raises(NotFound):
        await sessions.drop_token(door, tom, token.id)


async def test_revoking_ends_sessions_tokens_and_links(door: TheDoor) -> None:
    """One change signs the account out everywhere."""
    user = await users.add(door.store, email="maria@example.com")
    session = await sessions.begin(door, user)
    token = await users.token(door, "maria@example.com")
    link = await users.link(door, "maria@example.com")
    await accounts.change(door.store, user.id, revoke=True)
    assert await sessions.session_user(door, session) is None
    assert await sessions.token_user(door, token) is None
    with pytest.raises(Invalid):
        await links.redeem(door, token_of(link))


async def test_a_deleted_account_stays_out_when_it_is_made_again(door: TheDoor) -> None:
    """Old sessions belong to the old account."""
    user = await users.add(door.store, email="maria@example.com")
    session = await sessions.begin(door, user)
    await accounts.remove(door.store, user.id)
    assert await sessions.session_user(door, session) is None
    await users.add(door.store, email="maria@example.com")
    assert await sessions.session_user(door, session) is None
