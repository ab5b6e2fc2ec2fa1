"""Notes in my name, in a real browser: reading and agreeing, hearing of each note, saying another time."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from router.conversation import Conversation, NoteKind
from router.voice import consent
from tests.support.browser import OpenPage, open_page, picture
from tests.unit.desk.office import Office, opened

pytestmark = pytest.mark.browser

__all__ = ["open_page"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose people are asked before notes go out in their name."""
    async with opened(tmp_path) as found:
        found.world.house = replace(found.world.house, voices={})
        yield found


async def enter(office: Office, page: Page, path: str) -> None:
    """Sign in as Maria, then go to a page."""
    await page.goto(await office.link("agent"))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{office.url}/")
    await page.goto(office.url + path)


async def told(office: Office) -> Conversation:
    """Return a conversation of Maria's whose note has left."""
    office.world.house = replace(office.world.house, voices=None)
    await office.world.here("maria")
    one = await office.mail(subject="Lamp")
    await office.world.send()
    return await office.world.fresh(one)


async def test_a_newcomer_reads_the_texts_and_agrees(office: Office, open_page: OpenPage) -> None:
    """One calm line leads to the texts; a yes is written down for that channel, and can be taken back."""
    page = await open_page()
    await enter(office, page, "/")
    line = page.locator(".invitation")
    await expect(line).to_contain_text("Email, Web chat")
    await line.get_by_role("link").click()
    await page.wait_for_url(f"{office.url}/notes")
    mail = page.get_by_role("region", name="Email")
    await expect(mail).to_contain_text("Not agreed")
    await expect(mail.locator("blockquote").first).to_contain_text("Maria")
    moved = mail.locator("details").filter(has_text="When the time cannot be kept")
    await moved.locator("summary").click()
    await expect(moved.get_by_text("sorry").first).to_be_visible()
    await picture(page, "notes-newcomer")
    await mail.get_by_role("button", name="Yes, in my name: Email").click()
    await expect(mail).to_contain_text("You agreed")
    record = await office.world.store.record(consent.KIND, "maria")
    assert list(consent.said(record)) == ["email"]
    await expect(page.get_by_role("button", name="Not any more: Email")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(mail).to_contain_text("Not agreed")
    assert consent.said(await office.world.store.record(consent.KIND, "maria")) == {}


async def test_who_agreed_everywhere_is_asked_nothing(office: Office, open_page: OpenPage) -> None:
    """The line is gone, and what runs in my name is listed with its time."""
    one = await told(office)
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, "/")
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(".invitation")).to_have_count(0)
    await page.goto(f"{office.url}/notes")
    await expect(page.locator("#running li")).to_have_count(1)
    await expect(page.locator("#running")).to_contain_text("tomorrow")
    await picture(page, "notes-running")
    await page.get_by_role("link", name="I need until…: Ana").click()
    await page.wait_for_url(f"{office.url}/c/{one.reference}#until")
    await expect(page.locator(".until-menu")).to_have_attribute("open", "")


async def test_each_note_is_told_to_whose_name_it_bears(office: Office, open_page: OpenPage) -> None:
    """It shows as it leaves, and from there another time can be said."""
    office.world.house = replace(office.world.house, voices=None)
    await office.world.here("maria")
    page = await open_page()
    await enter(office, page, "/")
    await expect(page.locator("#cards")).to_contain_text("Nothing waits for you")
    await page.wait_for_timeout(1500)  # it has looked what stood before
    one = await office.mail(subject="Lamp")
    await office.world.send()
    toast = page.locator(".toast").filter(has_text="In your name: Ana")
    await expect(toast).to_be_visible()
    await picture(page, "notes-toast")
    await toast.get_by_role("button", name="I need until…").click()
    await page.wait_for_url(f"{office.url}/c/{one.reference}")
    await expect(page.locator(".until-menu")).to_have_attribute("open", "")


async def test_i_need_until_tomorrow_at_ten(office: Office, open_page: OpenPage) -> None:
    """By keys alone: the customer is told the later time, and it stands in the conversation."""
    one = await told(office)
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, f"/c/{one.reference}")
    await expect(page.locator(".case-title")).to_contain_text("Lamp")
    await page.keyboard.press("i")
    await expect(page.get_by_role("button", name="30 minutes")).to_be_focused()
    await picture(page, "until-menu")
    later = datetime(2026, 11, 25, 10, 0, tzinfo=ZoneInfo("Europe/Copenhagen"))
    await page.get_by_label("I need until", exact=True).fill(f"{later:%Y-%m-%dT%H:%M}")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("The customer is told the new time.")
    await office.world.send()
    moved = await office.world.fresh(one)
    assert moved.promise is not None
    assert moved.promise.at == later
    assert moved.outbox[-1].note is NoteKind.RENEWAL
    await expect(page.locator(".transcript").get_by_text("sorry")).to_be_visible()
    await picture(page, "until-told")


async def test_a_link_leads_to_where_another_time_is_said(office: Office, open_page: OpenPage) -> None:
    """As the button in Slack has it: the conversation opens with the menu."""
    one = await told(office)
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, f"/c/{one.reference}#until")
    await expect(page.locator(".until-menu")).to_have_attribute("open", "")
    await expect(page.get_by_role("button", name="30 minutes")).to_be_focused()


async def test_a_note_that_has_yet_to_leave_says_so(office: Office, open_page: OpenPage) -> None:
    """It stands among what was promised in my name, and another time can be said before it is heard."""
    office.world.house = replace(office.world.house, voices=None)
    await office.world.here("maria")
    await office.mail(subject="Lamp")
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, "/notes")
    await expect(page.locator("#running li")).to_contain_text("Not sent yet")
    await picture(page, "notes-unsent")
    await office.world.send()
    await expect(page.locator("#running li")).not_to_contain_text("Not sent yet")


async def test_an_earlier_time_is_for_me_alone(office: Office, open_page: OpenPage) -> None:
    """The quick choices say what becomes of them."""
    one = await told(office)
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, f"/c/{one.reference}")
    await page.locator(".until-menu summary").click()
    await page.get_by_role("button", name="1 hour").click()
    await expect(page.locator(".toast")).to_contain_text("You are reminded in time for yours")
    after = await office.world.fresh(one)
    assert after.promise is not None
    assert one.promise is not None
    assert after.promise.at == one.promise.at
    assert after.promise.warn_at is not None
    assert after.promise.warn_at < office.world.clock.now() + timedelta(hours=1)


async def test_a_stranger_to_the_promise_has_no_such_button(office: Office, open_page: OpenPage) -> None:
    """Of a colleague's work the time is shown, and nothing to move it; Escape closes the menu of one's own."""
    one = await told(office)
    await office.world.actions.release(one.id, agent="maria")
    await office.world.here("tom")
    mine = await office.world.take(office.world.mail_from(text="I want my money back"))
    await office.world.send()
    theirs = await office.world.fresh(mine[0])
    assert theirs.owner == "tom"
    page = await open_page()
    await enter(office, page, f"/c/{theirs.reference}")
    await expect(page.locator(".case-time")).to_contain_text("by")
    await expect(page.locator(".until-menu")).to_have_count(0)


async def test_it_fits_a_phone(office: Office, open_page: OpenPage) -> None:
    """The page of texts and the menu stay inside a narrow window."""
    one = await told(office)
    page = await open_page(viewport={"width": 390, "height": 800})
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, "/notes")
    await expect(page.locator(".voice")).to_have_count(2)
    await picture(page, "notes-phone")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.goto(f"{office.url}/c/{one.reference}")
    await page.locator(".until-menu summary").click()
    box = await page.locator(".until-menu .menu-box").bounding_box()
    await picture(page, "until-phone")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
