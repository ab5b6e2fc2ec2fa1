"""The form and the page of a request, in Chromium, with the real service and a stand-in for the telephone company."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from sandbox.twilio import TwilioStand
from sandbox.twilio.people import Mood
from tests.support.browser import OpenPage, picture
from tests.support.stage import ACCOUNT, Play, playing

pytestmark = pytest.mark.browser

RULES = """
version: 1
agents:
  maria: {name: Maria Jensen, email: maria@example.com, phone: "+4531000001", queues: [general], capacity: {phone: 1}}
  tom: {name: Tom Berg, email: tom@example.com, phone: "+4531000002", queues: [general], capacity: {phone: 1}}
queues:
  general: {duty: [maria, tom], lead: tom}
"""
CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """Run the service with a phone account."""
    async with playing(tmp_path, ["phone"], rules=RULES) as running:
        yield running


def stand_of(play: Play) -> TwilioStand:
    """Return the telephone company."""
    stand = play.stands["phone"]
    assert isinstance(stand, TwilioStand)
    return stand


async def test_a_customer_asks_to_be_called_and_is(play: Play, open_page: OpenPage) -> None:
    """The page says who calls and when, names the note as automatic, follows the call, and says when it was made."""
    stand = stand_of(play)
    ana = stand.customer("Ana")
    page = await open_page(viewport={"width": 390, "height": 844})
    await page.goto(f"{play.stage.url()}/callback")
    await expect(page.get_by_role("heading", name="Ask for a call")).to_be_visible()
    await picture(page, "callback-form")
    await page.get_by_label("Your name").fill("Ana")
    await page.get_by_label("Your phone number").fill(ana.number)
    await page.get_by_label("Anything that helps us prepare").fill("Where is my parcel?")
    await page.get_by_role("button", name="Call me").click()
    await expect(page.get_by_text("sees to it that you are called by")).to_contain_text(CLOCK)
    await expect(page.locator("blockquote")).to_contain_text("Automatic message")
    await expect(page.locator("blockquote")).to_contain_text("This ")
    await expect(page.get_by_text("Your reference: HB-")).to_be_visible()
    await picture(page, "callback-waiting")
    desk = play.desk("maria")
    await desk.put("/presence", {"said": "here"})
    await expect(page.get_by_text("This call has been made.")).to_be_visible()
    await expect(page.locator("blockquote").last).to_contain_text("Maria Jensen called; spoke 0 min 20 s.")
    await picture(page, "callback-made")
    assert "Ana, number ending" in " ".join(stand.people["+4531000001"].heard)
    (row,) = stand.ledger.to("Ana")
    assert row.text.endswith("(speaks with +4531000001 for 20 s)")
    assert play.stage.audit().findings == []


async def test_an_agent_who_does_not_answer_is_followed_by_another(play: Play, open_page: OpenPage) -> None:
    """The router finds somebody else; the customer's page then names that person."""
    stand = stand_of(play)
    stand.person("+4531000001").mood = stand.person("+4531000002").mood = Mood.NO_ANSWER
    bob = stand.customer("Bob")
    page = await open_page()
    await page.goto(f"{play.stage.url()}/callback?account={ACCOUNT}&lang=da")
    await page.get_by_label("Dit telefonnummer").fill(bob.number)
    await page.get_by_role("button", name="Ring til mig").click()
    await expect(page.get_by_text("sørger for, at du bliver ringet op senest")).to_be_visible()
    await play.desk("maria").put("/presence", {"said": "here"})
    stand.person("+4531000002").mood = Mood.ANSWERS
    await play.desk("tom").put("/presence", {"said": "here"})
    await expect(page.get_by_text("Opkaldet er foretaget.")).to_be_visible()
    await expect(page.locator("blockquote").last).to_contain_text("Tom Berg called; spoke")


async def test_a_wrong_number_is_named_beside_its_field(play: Play, open_page: OpenPage) -> None:
    """What was typed stays, and the field says what is wrong."""
    page = await open_page(tolerant=True)  # the browser's console names the status of the answer
    await page.goto(f"{play.stage.url()}/callback")
    await page.get_by_label("Your name").fill("Ana")
    await page.get_by_label("Your phone number").fill("12")
    await page.get_by_role("button", name="Call me").click()
    await expect(page.get_by_text("Please check the number")).to_be_visible()
    await expect(page.get_by_label("Your phone number")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Your name")).to_have_value("Ana")
    await picture(page, "callback-wrong")


async def test_a_time_is_picked_only_once_that_is_chosen(play: Play, open_page: OpenPage) -> None:
    """The times appear with their choice: nobody picks one and is called at once all the same."""
    page = await open_page(viewport={"width": 320, "height": 640})
    await page.goto(f"{play.stage.url()}/callback")
    await expect(page.get_by_label("Time", exact=True)).to_be_hidden()
    await page.get_by_label("At a time that I choose").check()
    await expect(page.get_by_label("Time", exact=True)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await page.get_by_label("Your phone number").fill(stand_of(play).customer("Dora").number)
    await page.get_by_role("button", name="Call me").click()
    await expect(page.locator("#told")).to_contain_text(CLOCK)
    assert not stand_of(play).legs
    await picture(page, "callback-narrow")


async def test_it_works_without_scripts(play: Play, open_page: OpenPage) -> None:
    """Form and page are plain HTML; the page looks again by itself."""
    page = await open_page(java_script_enabled=False)
    await page.goto(f"{play.stage.url()}/callback")
    await page.get_by_label("Your phone number").fill(stand_of(play).customer("Cleo").number)
    await page.get_by_role("button", name="Call me").click()
    await expect(page.get_by_role("link", name="Look again")).to_be_visible()
    await page.get_by_role("link", name="Look again").click()
    await expect(page.locator("#told")).to_contain_text("you")
