"""The page of the note texts, in a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import OpenPage, open_page, picture
from tests.unit.desk.office import Office, opened

pytestmark = pytest.mark.browser

__all__ = ["open_page"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose public address is where it is served."""
    async with opened(tmp_path) as found:
        yield found


#: How the page begins: the first text, filled in.
FIRST = "Hi Ana, Maria here, back on Wednesday 2 December. Your message is with me"


async def enter(office: Office, page: Page, path: str) -> None:
    """Sign in as a lead with a one-time link, then go to a page."""
    await page.goto(await office.link("lead"))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{office.url}/")
    await page.goto(office.url + path)


async def test_a_lead_reads_what_notes_say(office: Office, open_page: OpenPage) -> None:
    """From the rules' page; every choice changes what is shown, and the address keeps it."""
    page = await open_page()
    await enter(office, page, "/ops")
    await page.get_by_role("link", name="What notes say").click()
    await expect(page.locator(".letter").first).to_contain_text(FIRST)
    await expect(page.locator("#verdict")).to_contain_text("All pass the linter")
    await picture(page, "wording")
    await page.locator("select[name=language]").select_option("da")
    await page.locator("select[name=channel]").select_option("phone")
    await page.locator("select[name=kind]").select_option("missed")
    await page.locator("select[name=agent]").select_option("tom")
    await expect(page.locator(".letter").first).to_contain_text("Dette læses op for Tom Berg")
    await expect(page.locator(".letter").first).to_contain_text("spoken")
    await expect(page.locator(".letter code").first).to_contain_text("shipped wording/da.yaml:")
    await page.reload()
    await expect(page.locator("select[name=kind]")).to_have_value("missed")
    await expect(page.locator(".letter").first).to_contain_text("Tom Berg")


async def test_the_page_fits_a_phone(office: Office, open_page: OpenPage) -> None:
    """Nothing is wider than the screen, in the longest language."""
    page = await open_page(viewport={"width": 360, "height": 740})
    await enter(office, page, "/ops/wording?language=ru&kind=late&address=formal")
    await expect(page.locator(".letter").first).to_contain_text("Прошу прощения")
    await picture(page, "wording-phone")
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


async def test_a_choice_that_does_not_exist_is_told(office: Office, open_page: OpenPage) -> None:
    """An old bookmark says what is wrong, and shows what there is instead."""
    page = await open_page(tolerant=True)  # a refusal stands on the console
    await enter(office, page, "/ops/wording?agent=nobody")
    await expect(page.locator(".toast")).to_contain_text("There is no agent called 'nobody'")
    await expect(page.locator(".letter").first).to_contain_text(FIRST)
