"""The page that shows both sides, in a browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import OpenPage, picture
from tests.support.demo import Demo, demo

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give a demo that is faster than life."""
    with demo(tmp_path_factory.mktemp("demo"), "--speed", "20") as running:
        yield running


async def test_both_sides_are_live(lively: Demo, open_page: OpenPage) -> None:
    """What I write as a customer appears on both sides by itself, with a person, and is answered."""
    page = await open_page(viewport=WIDE)
    await page.goto(lively.url("Both sides"))
    for title in ("Email", "Facebook", "Forum", "Phone", "X", "Web chat"):
        await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    chat = page.locator('[data-channel="webchat"]')
    await chat.get_by_label("Your name").fill("Wanda Watcher")
    await chat.get_by_role("textbox", name="Write on Web chat").fill("Do you see me?")
    await page.keyboard.press("Enter")
    await expect(chat.get_by_role("textbox", name="Write on Web chat")).to_have_value("")
    said = chat.locator(".bubbles .theirs", has_text="Do you see me?")
    await expect(said).to_contain_text("Wanda Watcher")
    row = page.locator("#cases tr", has_text="Wanda Watcher")
    await expect(row).to_contain_text(re.compile("Maria Jensen|Tom Berg|Ines Costa"))
    await lights_up(said, row)
    await expect(chat.locator(".bubbles .ours", has_text="To Wanda Watcher").first).to_be_visible()
    await a_button_in_slack_works(page)
    await picture(page, "demo-both-sides")


async def lights_up(said: Locator, row: Locator) -> None:
    """Point at what was said until its row is lit: what comes in meanwhile moves it away from under the mouse."""
    for last in (False, False, False, False, True):
        await said.hover()
        try:
            await expect(row).to_have_class(re.compile("lit"), timeout=2000)
        except AssertionError:
            if last:
                raise
        else:
            return


async def a_button_in_slack_works(page: Page) -> None:
    """Press a button that somebody of the team has in Slack: the service takes it."""
    slack = page.locator("#slack")
    async with page.expect_response(re.compile("/press$")) as answered:
        await slack.get_by_role("button", name="Decline").first.click()
    assert (await answered.value).status in {204, 400}  # somebody may have answered meanwhile


async def test_faults_are_switched_and_stay_open(lively: Demo, open_page: OpenPage) -> None:
    """A fault is chosen from a list, takes hold at once, and the list stays open while news come in."""
    page = await open_page(viewport=WIDE)
    await page.goto(lively.url("Both sides"))
    email = page.locator('[data-channel="email"]')
    await email.get_by_text("Faults", exact=True).click()
    await email.get_by_label("Slow to answer").select_option("often")
    await expect(email.get_by_text("1 fault on")).to_be_visible()
    await picture(page, "demo-faults")
    await page.get_by_role("button", name="All well").click()
    await expect(email.get_by_text("Faults", exact=True)).to_be_visible()
    await expect(email.get_by_label("Slow to answer")).to_have_value("never")


async def test_the_page_leads_to_the_desk(lively: Demo, open_page: OpenPage) -> None:
    """The viewer comes in as one of the team, with one click more."""
    page = await open_page(viewport=WIDE)
    await page.goto(lively.url("Both sides"))
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Answer as Robin Vale").click()
    desk = await opened.value
    await desk.get_by_role("button", name="Sign in").click()
    await expect(desk.get_by_role("switch", name="I'm here")).to_be_visible()


async def test_it_fits_a_telephone(lively: Demo, open_page: OpenPage) -> None:
    """Nothing is wider than a small screen."""
    page = await open_page(viewport=NARROW)
    await page.goto(lively.url("Both sides"))
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    await picture(page, "demo-narrow")
