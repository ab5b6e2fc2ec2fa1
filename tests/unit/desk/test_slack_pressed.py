"""What a pressed button does, and which calls are believed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from router.conversation import Conversation
from router.desk import accounts
from sandbox.faults import Fault
from sandbox.slack.workspace import Said
from tests.support.slack import IDS, SlackWorld, connected, rules

TAKE, DECLINE, OPEN, UNTIL = "handleby_take", "handleby_decline", "handleby_open", "handleby_until"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    """Give a service whose agents are in Slack."""
    async with connected(tmp_path) as found:
        yield found


async def at_risk(one: SlackWorld) -> tuple[Conversation, str]:
    """Return work that nobody has and whose time is nearly up, and who was told of it."""
    case = await one.mail()
    one.world.clock.move(24 * 3600 * 0.81)
    await one.tell()
    return case, (await one.world.fresh(case)).accountable


def form(one: SlackWorld, said: Said, user: str = IDS["maria"], action: str = TAKE) -> bytes:
    """Return the body with which Slack tells of a pressed button."""
    return urlencode({"payload": json.dumps(one.stand.payload(user, action, said))}).encode()


async def test_take_makes_the_owner_and_changes_the_same_message(one: SlackWorld) -> None:
    """Whoever takes work in Slack owns it; the message becomes that of the assignment, and no second one comes."""
    case, who = await at_risk(one)
    assert await one.press(who, TAKE) == 200
    assert (await one.world.fresh(case)).owner == who
    await one.tell()
    [said] = one.to(who)
    assert "this is yours" in said.words()
    assert set(said.buttons()) == {DECLINE, UNTIL, OPEN}
    assert one.whispered(who) == []


async def test_of_two_who_press_at_once_one_has_it_and_the_other_is_told(one: SlackWorld) -> None:
    """The store decides; the loser hears who was faster, and both messages say the same."""
    case, who = await at_risk(one)
    [said] = one.to(who)
    await asyncio.gather(one.press("maria", TAKE, said), one.press("tom", TAKE, said))
    owner = (await one.world.fresh(case)).owner
    loser = {"maria": "tom", "tom": "maria"}[owner]
    name = {"maria": "Maria Jensen", "tom": "Tom Berg"}[owner]
    assert one.whispered(loser) == [f"{name} has it now."]
    assert one.whispered(owner) == []
    assert (await one.world.claims("maria"), await one.world.claims("tom")) in {(1, 0), (0, 1)}


async def test_decline_puts_it_back_with_the_reason_and_it_does_not_return(one: SlackWorld) -> None:
    """It goes to somebody else, even when whoever declined is the only one here."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    await one.press("maria", DECLINE)
    await one.world.timers.tick(slow=True)
    assert (await one.world.fresh(case)).owner == ""
    [line] = [line for _, line in await one.world.store.log(after=0, limit=100) if line.kind == "let go"]
    assert (line.agent, line.data["reason"]) == ("maria", "declined in Slack")
    await one.world.here("tom")
    await one.world.timers.tick(slow=True)
    assert (await one.world.fresh(case)).owner == "tom"
    await one.tell()
    [said] = one.to("maria")
    assert "Tom Berg has it now." in said.words()


async def test_whoever_declined_gets_what_the_customer_writes_later(one: SlackWorld) -> None:
    """Declining holds for the running wait; a new one begins afresh, and taking it oneself is always possible."""
    await one.world.here("maria")
    first = one.world.mail_from(subject="Parcel")
    [case] = await one.world.take(first)
    await one.world.actions.release(case.id, agent="maria")
    taken = await one.world.actions.take(case.id, agent="maria")
    assert taken.declined == ()
    await one.world.actions.release(case.id, agent="maria")
    await one.world.actions.resolve(case.id, agent="maria")
    again = one.world.mail_from(subject="Re: Parcel", references=(first.message_id,))
    [back] = await one.world.take(again)
    assert (back.id, back.owner) == (case.id, "maria")


async def test_declining_what_is_no_longer_yours_is_told(one: SlackWorld) -> None:
    """A button on an old message does nothing to somebody else's work."""
    await one.world.here("maria")
    case = await one.mail()
    await one.tell()
    await one.world.actions.release(case.id, agent="maria")
    await one.world.actions.take(case.id, agent="tom")
    await one.press("maria", DECLINE)
    assert one.whispered("maria") == ["It is not yours any more."]
    assert (await one.world.fresh(case)).owner == "tom"


async def test_strangers_are_refused_politely(one: SlackWorld) -> None:
    """A member whom the rules do not know is told whom to ask, and changes nothing."""
    case, who = await at_risk(one)
    one.stand.join("U0STRANGER", "Sam")
    [said] = one.to(who)
    await one.stand.press("U0STRANGER", TAKE, said=said)
    await one.slack.idle()
    [told] = one.stand.workspace.whispered("U0STRANGER")
    assert "slack: U0STRANGER" in told
    assert (await one.world.fresh(case)).owner == ""


async def test_who_lost_the_account_at_the_desk_may_do_nothing_here(one: SlackWorld) -> None:
    """The desk's own check holds in Slack too."""
    case, who = await at_risk(one)
    await accounts.remove(one.world.store, accounts.user_id(f"{who}@example.com"))
    await one.press(who, TAKE)
    assert "no account" in one.whispered(who)[0]
    assert (await one.world.fresh(case)).owner == ""


async def test_one_slack_account_for_two_agents_is_nobodys(tmp_path: Path) -> None:
    """Who pressed cannot be told, so nothing is done in anybody's name."""
    async with connected(tmp_path, rules().replace("U0TOM", "U0MARIA")) as one:
        case, _ = await at_risk(one)
        await one.press("maria", TAKE)
        assert "more than one agent" in one.whispered("maria")[0]
        assert (await one.world.fresh(case)).owner == ""


async def test_a_used_up_response_url_is_no_reason_for_silence(one: SlackWorld) -> None:
    """When Slack takes no answer there any more, the words come as a message that only they see."""
    case, who = await at_risk(one)
    [said] = one.to(who)
    await one.world.actions.take(case.id, agent={"maria": "tom", "tom": "maria"}[who])
    payload = one.stand.payload(IDS[who], TAKE, said) | {"response_url": "https://evil.example/steal"}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert (await one.stand.call(body, FORM | one.stand.signed(body))).status == 200
    await one.slack.idle()
    assert len(one.whispered(who)) == 1
    assert "has it now." in one.whispered(who)[0]


async def test_the_hook_answers_while_slack_itself_is_dead(one: SlackWorld) -> None:
    """An empty 200 goes out before anything is done; what was pressed is done all the same."""
    case, who = await at_risk(one)
    [said] = one.to(who)
    one.stand.faults.set(Fault.BLACK_HOLE)
    assert await one.press(who, TAKE, said) == 200
    assert one.stand.answers[-1].body == ""
    assert (await one.world.fresh(case)).owner == who


async def test_every_flipped_byte_is_refused(one: SlackWorld) -> None:
    """A body, a time stamp or a signature changed anywhere is not Slack's, and nothing happens."""
    case, who = await at_risk(one)
    [said] = one.to(who)
    body = form(one, said)
    headers = one.stand.signed(body)
    signature, timestamp = headers["X-Slack-Signature"], headers["X-Slack-Request-Timestamp"]
    forged = [(flipped(body, place), headers) for place in range(0, len(body), 7)]
    forged += [
        (body, headers | {"X-Slack-Signature": flipped(signature.encode(), place).decode("latin-1")})
        for place in range(len(signature))
    ]
    forged += [
        (body, headers | {"X-Slack-Request-Timestamp": flipped(timestamp.encode(), place).decode("latin-1")})
        for place in range(len(timestamp))
    ]
    forged += [(body, {}), (body, {"X-Slack-Request-Timestamp": timestamp}), (b"", headers)]
    found = [(await one.stand.call(text, FORM | given)).status for text, given in forged]
    assert set(found) == {401}
    assert (await one.world.fresh(case)).owner == ""
    assert (await one.stand.call(body, FORM | headers)).status == 200


def flipped(text: bytes, place: int) -> bytes:
    """Return the bytes with one changed."""
    return text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
async def test_an_old_call_sent_again_is_refused(one: SlackWorld, seconds: float) -> None:
    """Rightly signed, but not within five minutes of now."""
    _, who = await at_risk(one)
    body = form(one, one.to(who)[0])
    at = one.world.clock.now().timestamp() + seconds
    assert (await one.stand.call(body, FORM | one.stand.signed(body, at=at))).status == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"payload=", b"payload=%7B", b"payload=nonsense", b"other=1", b"payload=%FF", b"%5B" * 5000, b"payload="
     + b"%5B" * 5000],
)  # fmt: skip
async def test_a_signed_call_that_makes_no_sense_is_refused(one: SlackWorld, body: bytes) -> None:
    """Malformed bodies get a 400 and leave no trace."""
    assert (await one.stand.call(body, FORM | one.stand.signed(body))).status == 400


@pytest.mark.parametrize(
    "payload",
    [{}, [], "x", 1, None, {"type": "view_submission"}, {"type": "block_actions", "actions": []},
     {"type": "block_actions", "actions": [1], "user": "x"},
     {"type": "block_actions", "actions": [{"action_id": TAKE, "value": "a b c"}], "user": {"id": "U0MARIA"}},
     {"type": "block_actions", "actions": [{"action_id": "other", "value": "a b"}], "user": {"id": "U0MARIA"}}],
)  # fmt: skip
async def test_what_we_did_not_ask_for_is_answered_and_left(one: SlackWorld, payload: object) -> None:
    """Slack gets its 200 for whatever it may send, links opened among it, and nobody is disturbed."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert (await one.stand.call(body, FORM | one.stand.signed(body))).status == 200
    await one.slack.idle()
    assert one.stand.workspace.whispers == []


async def test_opening_the_desk_needs_nothing(one: SlackWorld) -> None:
    """Slack reports opened links too."""
    _, who = await at_risk(one)
    assert await one.press(who, OPEN) == 200
    assert one.whispered(who) == []


async def test_a_button_for_work_that_is_gone_says_so(one: SlackWorld) -> None:
    """A conversation that is not there is named as such."""
    _, who = await at_risk(one)
    [said] = one.to(who)
    said.buttons()[TAKE]["value"] = "cv_gone sl_gone"
    await one.press(who, TAKE, said)
    assert one.whispered(who) == ["There is no such conversation."]


async def test_the_url_is_proved_when_it_is_entered(one: SlackWorld) -> None:
    """The challenge comes back, to Slack only."""
    answered = await one.stand.challenge("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    assert answered.status == 200
    assert answered.body == "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    forged = json.dumps({"type": "url_verification", "challenge": "x"}).encode()
    assert (await one.stand.call(forged, {"Content-Type": "application/json"})).status == 401


async def test_a_body_beyond_all_measure_is_refused(one: SlackWorld) -> None:
    """No call makes the desk read for long."""
    body = b"payload=" + b"a" * 600_000
    assert (await one.stand.call(body, FORM | one.stand.signed(body))).status == 413


async def test_without_a_signing_secret_messages_have_no_buttons_that_act(one: SlackWorld) -> None:
    """What could not be proved is not offered: only the ways to the desk."""
    one.restart(signing_secret="")
    assert one.slack.routes() == []
    await one.world.here("maria")
    await one.mail()
    await one.tell()
    [said] = one.to("maria")
    assert set(said.buttons()) == {UNTIL, OPEN}
