"""A newcomer's first look: the real service without settings, a visitor, a mail, and the agent who answers."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import OpenPage, picture
from tests.support.newcomer import Newcomer, newcomer

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 800}
#: A time of day, as notes and the chat name it.
CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
LEFT = re.compile(r"\d+:\d{2} left|minutes? left")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Newcomer]:
    """Give the service as `make run` starts it."""
    with newcomer(tmp_path) as running:
        yield running


async def write(page: Page, text: str, label: str = "Your message") -> None:
    """Type into the field and press Enter."""
    await page.get_by_label(label).fill(text)
    await page.keyboard.press("Enter")


async def chat(service: Newcomer, open_page: OpenPage, *, tolerant: bool = False) -> Page:
    """Open the chat as a visitor."""
    page = await open_page(viewport=WIDE, tolerant=tolerant)
    await page.goto(service.address("Web chat"))
    return page


async def sign_in(service: Newcomer, open_page: OpenPage, *, tolerant: bool = False) -> Page:
    """Come in by the link that the terminal shows, and be here."""
    page = await open_page(viewport=WIDE, tolerant=tolerant)
    await page.goto(service.address("Answer as Maria Jensen"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("switch", name="I'm here")).to_be_checked()
    return page


async def answer(desk: Page, text: str) -> None:
    """Send an answer in the open conversation, and see it go out."""
    await desk.locator("#answer").fill(text)
    await desk.get_by_role("button", name="Send", exact=True).click()
    await expect(desk.locator(".line.ours", has_text=text).locator(".state.sent")).to_be_visible()


async def test_a_visitor_and_a_mail_are_answered(service: Newcomer, open_page: OpenPage) -> None:
    """Both get a name and a time at once, the work appears before that person, and both promises are kept."""
    early = await chat(service, open_page)
    await nobody_is_on(early)
    desk = await sign_in(service, open_page)
    await expect(desk.locator(".card", has_text="Anybody there?")).to_be_visible()
    await picture(desk, "first-desk")
    await expect(early.get_by_text("Somebody is here now")).to_be_visible()
    await a_chat_is_answered(await chat(service, open_page), desk)
    await a_mail_is_answered(service, desk)
    await the_other_pages(service, desk)


async def nobody_is_on(visitor: Page) -> None:
    """Show that an address is asked for and saved, and that the person on duty stands for an answer all the same."""
    await expect(visitor.get_by_text("Nobody is here right now", exact=True)).to_be_visible()
    await picture(visitor, "first-chat-empty")
    await write(visitor, "Anybody there?")
    await expect(visitor.get_by_text("Maria Jensen sees to it that you have an answer by")).to_contain_text(
        CLOCK
    )
    await expect(visitor.get_by_role("timer")).to_have_text(LEFT)
    await expect(visitor.get_by_role("log")).to_contain_text(re.compile(r"Maria.*\d{1,2}:\d{2}"))
    await write(visitor, "early@example.net", "Email address")
    await expect(visitor.get_by_text("If you leave, the answer goes to early@example.net.")).to_be_visible()
    await visitor.reload()
    await expect(visitor.get_by_text("If you leave, the answer goes to early@example.net.")).to_be_visible()
    await picture(visitor, "first-chat-nobody")


async def a_chat_is_answered(visitor: Page, desk: Page) -> None:
    """Show who answers and by when; work, answer and end appear on the other side by themselves."""
    await write(visitor, "Where is order 5521?")
    await expect(visitor.get_by_text("Maria Jensen answers by")).to_contain_text(CLOCK)
    await expect(visitor.get_by_role("timer")).to_have_text(LEFT)
    await picture(visitor, "first-chat-waiting")
    await desk.locator(".card", has_text="Where is order 5521?").click()
    await expect(desk.locator(".line.theirs")).to_contain_text("Where is order 5521?")
    await expect(desk.locator(".case-title h2")).to_have_text("Visitor")
    await answer(desk, "It is with you tomorrow.")
    await expect(visitor.get_by_role("log")).to_contain_text("It is with you tomorrow.")
    await expect(visitor.get_by_text("Maria Jensen has answered.")).to_be_visible()
    await picture(desk, "first-desk-chat")
    await desk.get_by_role("button", name="Resolve", exact=True).click()
    await expect(visitor.get_by_text("This is settled.")).to_be_visible()
    await picture(visitor, "first-chat-settled")


async def a_mail_is_answered(service: Newcomer, desk: Page) -> None:
    """Show the terminal's test mail on the desk and its note in the outbox; the answer keeps the promise."""
    outbox = await desk.context.new_page()
    await outbox.goto(service.address("Outbox"))
    await asyncio.to_thread(service.try_the_mail)
    note = outbox.locator(".letter", has_text="Re: My parcel").filter(has_text="Automatic note")
    await expect(note.locator(".envelope")).to_contain_text("ana@example.org")
    await expect(note.locator(".prose")).to_contain_text(
        re.compile(r"Ana\b.*Maria.*\d{1,2}:\d{2}", re.DOTALL)
    )
    await picture(outbox, "first-outbox")
    await desk.locator(".card", has_text="My parcel").click()
    await expect(desk.locator(".case-title h2")).to_have_text("My parcel")
    await expect(desk.locator(".note .promised")).to_contain_text(CLOCK)
    await picture(desk, "first-desk-mail")
    await answer(desk, "It comes today.")
    promise = desk.get_by_role("complementary").locator("dl div", has_text=re.compile("^Promise"))
    await expect(promise.filter(has_text="Kept")).to_be_visible()
    letter = outbox.locator(".letter", has_text="It comes today.")
    await expect(letter.locator(".envelope")).to_contain_text("My parcel")
    await desk.get_by_role("button", name="Resolve", exact=True).click()
    await expect(desk.locator(".card", has_text="My parcel")).to_have_count(0)
    await outbox.close()


async def the_other_pages(service: Newcomer, desk: Page) -> None:
    """Show that rules and health can be read, and that kept promises are counted."""
    await desk.goto(service.address("Rules"))
    await expect(desk.get_by_role("table", name="Queues")).to_contain_text("Maria Jensen, Tom Berg")
    await picture(desk, "first-rules")
    await desk.goto(service.address("Health"))
    kept = desk.locator(".figure").filter(has=desk.get_by_text("Kept", exact=True))
    await expect(kept.locator("strong")).not_to_have_text("0")
    await picture(desk, "first-health")


async def test_a_kill_loses_and_repeats_nothing(service: Newcomer, open_page: OpenPage) -> None:
    """Chat and desk notice, keep what is written, and go on by themselves when the service is back."""
    visitor = await chat(service, open_page, tolerant=True)
    desk = await sign_in(service, open_page, tolerant=True)
    await write(visitor, "First question")
    await desk.locator(".card", has_text="First question").click()
    await expect(desk.locator(".line.theirs")).to_contain_text("First question")
    await answer(desk, "First answer")
    await expect(visitor.get_by_text("First answer")).to_be_visible()
    await asyncio.to_thread(service.kill)
    await expect(visitor.get_by_text("No connection.")).to_be_visible()
    await write(visitor, "Second question")
    await expect(visitor.get_by_text("Not sent yet.")).to_be_visible()
    await desk.locator("#answer").fill("Second answer")
    await picture(visitor, "first-chat-down")
    await asyncio.to_thread(service.start)
    await expect(desk.locator(".line.theirs", has_text="Second question")).to_be_visible()
    await expect(visitor.get_by_text("Not sent yet.")).to_have_count(0)
    await expect(desk.locator("#answer")).to_have_value("Second answer")
    await picture(desk, "first-desk-back")
    await send_what_is_drafted(desk)
    await expect(visitor.get_by_text("Second answer")).to_be_visible()
    for text in ("First question", "First answer", "Second question", "Second answer"):
        await expect(visitor.get_by_role("article").filter(has_text=text)).to_have_count(1)
        await expect(desk.locator("article", has_text=text)).to_have_count(1)
    found = await asyncio.to_thread(service.command, "audit")
    assert "2 messages, 1 conversations" in found
    assert "0 findings" in found


async def send_what_is_drafted(desk: Page) -> None:
    """Send the draft, after reading what came while it was written."""
    warning = desk.get_by_role("alert")
    await warning.get_by_role("button", name="I have read it").click()
    await desk.get_by_role("button", name="Send", exact=True).click()
