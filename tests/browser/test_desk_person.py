"""What the desk shows of people with several identities, and of channels that are public, spoken or close."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from channels.message import Identity, Kind, Message
from router import steps
from router.answer import Answer
from router.conversation import Conversation, SendState
from router.journal import changed
from router.ports import Commit
from tests.support.browser import OpenPage, open_page, picture
from tests.unit.desk.office import Office, opened, visitor

pytestmark = pytest.mark.browser

__all__ = ["open_page"]

ANA = "ana@example.org"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose public address is where it is served."""
    async with opened(tmp_path) as found:
        yield found


async def enter(office: Office, page: Page, path: str, role: str = "agent") -> None:
    """Sign in with a one-time link, then go to a page."""
    await page.clock.set_fixed_time(office.world.clock.now())
    await page.goto(await office.link(role))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{office.url}/")
    await page.goto(office.url + path)


def post(office: Office, text: str, channel: str = "twitter", **fields: Any) -> Message:
    """Return a message as another channel would parse it."""
    sender = Identity(kind="x", address="123", name="Ana Pires", spelling="@ana", verified=True)
    given: dict[str, Any] = {"key": f"x:{text}", "sender": sender, "thread": "t/123", **fields}
    return Message(channel=channel, account="us", received_at=office.world.clock.now(), text=text, **given)


async def test_two_customers_become_one_and_two_again(office: Office, open_page: OpenPage) -> None:
    """Found by words, joined with one press, shown with all identities and history, and undone."""
    one = await office.mail(who=ANA, subject="Lamp")
    two = await office.mail(who="ana@work.example", subject="Door of the zebra")
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    panel = page.get_by_role("complementary")
    await expect(panel.get_by_role("list", name="Identities")).to_contain_text(ANA)
    await panel.get_by_text("This is the same person as").click()
    await panel.get_by_label("Look for the same person").fill("zebra")
    await panel.get_by_role("button", name="Look").click()
    await expect(panel.locator(".found")).to_contain_text("Door of the zebra")
    await picture(page, "person-found")
    await panel.locator(".found button").click()
    await expect(panel.get_by_role("list", name="Identities")).to_contain_text("ana@work.example")
    await expect(panel.locator(".earlier")).to_contain_text("Door of the zebra")
    await panel.get_by_text("Known as one person").click()
    await expect(panel.locator(".joins")).to_contain_text("Maria Jensen said so.")
    await picture(page, "person-joined")
    known = await office.world.store.customer(two.customer)
    assert known is not None
    assert len(known.ids) == 2
    await panel.get_by_role("button", name="These are two people").click()
    await expect(page.locator(".toast").last).to_contain_text("two people again")
    await expect(panel.locator(".earlier")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1100])
async def test_a_long_name_moves_nothing_away(office: Office, open_page: OpenPage, width: int) -> None:
    """A name or subject of one endless word, whoever chose it, leaves all buttons within reach."""
    endless = "<b>" + "W" * 300
    sender = Identity(kind="x", address="123", name=endless, spelling="@ana", verified=True)
    until = office.world.clock.now() + timedelta(minutes=40)
    (one,) = await office.world.take(
        post(office, endless, sender=sender, subject=endless, public=True, reply_until=until)
    )
    await office.world.actions.take(one.id, agent="maria")
    page = await open_page(viewport={"width": width, "height": 740})
    await enter(office, page, f"/c/{one.reference}")
    for name in ("Release", "Resolve", "Send and resolve", "Send"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth") == width


async def test_the_keyboard_stays_where_it_was(office: Office, open_page: OpenPage) -> None:
    """Who parts two customers by keyboard goes on beside them, not at the top of the page."""
    one, two = await office.mail(who=ANA, subject="Lamp"), await office.mail(who="ana@work.example")
    async with visitor(office, "agent") as maria:
        await maria.post(f"/customers/{one.customer}/join", {"other": two.customer})
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await page.get_by_text("Known as one person").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".joins")).to_have_count(0)
    await expect(page.get_by_text("This is the same person as")).to_be_focused()


async def test_what_is_only_claimed_looks_so(office: Office, open_page: OpenPage) -> None:
    """A typed address is marked as claimed; whoever has it is offered, for a person to decide; undo is at hand."""
    known = await office.mail(who=ANA, subject="Lamp")
    claim = Identity(kind="email", address=ANA)
    (chat,) = await office.world.take(office.world.chat_from(claims=(claim,)))
    page = await open_page()
    await enter(office, page, f"/c/{chat.reference}")
    panel = page.get_by_role("complementary")
    await expect(panel.locator(".identities")).to_contain_text(f"says they are {ANA}")
    await expect(panel.locator(".identities .chip.warn")).to_have_text("only claimed")
    await picture(page, "person-claimed")
    await panel.get_by_role("button", name="is the same person").click()
    await expect(panel.locator(".earlier")).to_contain_text("Lamp")
    await page.get_by_role("button", name="Undo").click()
    await expect(panel.locator(".earlier")).to_have_count(0)
    await expect(panel.locator(".likely")).to_have_count(0)
    assert (await office.world.store.customer(known.customer)) is not None


async def test_a_join_elsewhere_shows_by_itself(office: Office, open_page: OpenPage) -> None:
    """A signed identity joins while the panel is open: it shows without a reload."""
    mail = office.world.mail_from(ANA, subject="Lamp")
    (one,) = await office.world.take(replace(mail, sender=replace(mail.sender, verified=True)))
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    panel = page.get_by_role("complementary")
    await expect(panel.locator(".identities .chip.good")).to_have_count(1)
    sender = Identity(kind="chat", address="id:1", name="Ana P.", verified=True)
    proof = (Identity(kind="email", address=ANA, verified=True),)
    await office.world.take(replace(office.world.chat_from("id:1"), sender=sender, claims=proof))
    await expect(panel.locator(".identities .chip.good")).to_have_count(2)
    await expect(panel.locator(".identities")).to_contain_text("Ana P.")


async def test_a_public_conversation_says_so_everywhere(office: Office, open_page: OpenPage) -> None:
    """In the list, in the header and above the answer; long answers are counted and said to be split."""
    (one,) = await office.world.take(post(office, "My parcel is lost again, @us", public=True))
    await office.world.actions.take(one.id, agent="maria")
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".card .chip.public")).to_have_text("Public")
    await expect(page.locator(".case-head .chip.public")).to_be_visible()
    await expect(page.locator(".caution.public")).to_contain_text("Others can read this")
    await expect(page.locator(".caution.public")).to_contain_text("no links")
    await expect(page.get_by_label("Add files", exact=True).first).to_be_hidden()
    answer = page.get_by_label("Answer Ana Pires in public as Maria Jensen")
    await answer.fill("x" * 250)
    await expect(page.locator("#count")).to_have_text("30 characters left")
    await answer.fill("x" * 300)
    await expect(page.locator("#count")).to_contain_text("300 of 280 characters: goes out in about 2 parts")
    await picture(page, "public")


async def test_a_window_that_closes_is_counted_down(office: Office, open_page: OpenPage) -> None:
    """How long answers can still be sent stands in the list, the header and above the answer."""
    until = office.world.clock.now() + timedelta(minutes=40)
    (one,) = await office.world.take(post(office, "Hello?", "facebook", reply_until=until))
    await office.world.actions.take(one.id, agent="maria")
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".card .window")).to_have_text("Window closes in 40 min")
    await expect(page.locator(".case-head .window")).to_have_text("Window closes in 40 min")
    await expect(page.locator(".caution")).to_contain_text("closes in 40 min")
    await picture(page, "window")
    await office.world.clock.advance(45 * 60)
    await page.reload()
    await expect(page.locator(".caution.late")).to_contain_text("may be refused")


async def test_a_wanted_call_tells_its_time(office: Office, open_page: OpenPage) -> None:
    """When the customer wants to be reached, and that the note was read out."""
    at = office.world.clock.now() + timedelta(hours=3)
    message = post(office, "Please call me", "phone", not_before=at)
    (one,) = await office.world.take(message)
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".case-head")).to_contain_text("Wanted at")
    await expect(page.locator(".note header").first).to_contain_text("name, read out")
    await picture(page, "phone")


async def test_what_was_changed_stands_beside_it(office: Office, open_page: OpenPage) -> None:
    """Edits and a deletion stand with the message they speak of; an answer given elsewhere names its person."""
    world = office.world
    first = post(office, "The lamp is blue", message_id="x:1")
    (one,) = await world.take(first)
    await world.take(post(office, "The lamp is red", kind=Kind.EDIT, about="x:1", message_id="x:2"))
    await world.take(post(office, "And broken", message_id="x:3"))
    await world.take(post(office, "", key="x:gone", kind=Kind.DELETE, about="x:3"))
    tom = Identity(kind="email", address="tom@example.com", verified=True)
    await world.take(post(office, "Sent you a new one.", kind=Kind.AGENT, sender=tom, references=("x:1",)))
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".line.theirs")).to_have_count(2)
    await expect(page.locator(".line.theirs").first).to_contain_text("Changed to")
    await expect(page.locator(".line.theirs .change.edit")).to_contain_text("The lamp is red")
    await expect(page.locator(".line.gone")).to_contain_text("They withdrew this")
    await expect(page.locator(".line.ours")).to_contain_text("Tom Berg")
    await expect(page.locator(".line.ours")).to_contain_text("answered outside the desk")
    await picture(page, "changes")


async def test_an_answer_that_did_not_arrive_says_what_to_do(office: Office, open_page: OpenPage) -> None:
    """Failed and doubtful answers come with advice, and their text goes back into the answer with one press."""
    conversation = await office.mail(who=ANA)
    await office.world.actions.take(conversation.id, agent="maria")
    await office.world.actions.reply(conversation.id, Answer(text="It is in Odense."), agent="maria")
    one = await office.world.fresh(conversation)
    await _settle(office, one, SendState.UNKNOWN, "the connection broke after it was sent")
    page = await open_page()
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".line.ours footer")).to_contain_text("Unclear whether it arrived")
    await expect(page.locator(".line.ours .advice")).to_contain_text("Look with the provider")
    await page.get_by_role("button", name="Write it again").click()
    await expect(page.locator("#answer")).to_have_value("It is in Odense.")
    await picture(page, "unknown")


async def _settle(office: Office, one: Conversation, state: SendState, reason: str) -> None:
    """Let the newest answer end like this."""
    item = one.outbox[-1]
    after = steps.amend(one, item.id, state=state, reason=reason, next_at=None)
    await office.world.store.commit(Commit(changes=[changed(one, after)]))
