"""What is arranged in the desk, in a real browser: snoozing, merging, and saying who a customer is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import OpenPage, open_page
from tests.unit.desk.office import Office, opened

pytestmark = pytest.mark.browser

__all__ = ["open_page"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose public address is where it is served."""
    async with opened(tmp_path) as found:
        yield found


async def enter(office: Office, page: Page, role: str, path: str) -> None:
    """Sign in with a one-time link, then go to a page."""
    await page.goto(await office.link(role))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{office.url}/")
    await page.goto(office.url + path)


async def test_a_conversation_is_merged_from_its_menu(office: Office, open_page: OpenPage) -> None:
    """The survivor opens and links to what was merged into it, which links back."""
    one, two = await office.mail(subject="Lamp"), await office.mail(subject="Door")
    await office.world.send()
    page = await open_page()
    await enter(office, page, "agent", f"/c/{one.reference}")
    await page.locator(".case-acts .menu summary").click()
    await page.get_by_label("Reference of the other conversation").fill(two.reference)
    await page.get_by_role("button", name="Merge", exact=True).click()
    await page.wait_for_url(f"{office.url}/c/{two.reference}")
    await expect(page.locator(".absorbed")).to_contain_text(one.reference)
    await page.locator(".absorbed a").click()
    await expect(page.locator(".told")).to_contain_text("another conversation")


async def test_a_conversation_is_snoozed_from_its_menu(office: Office, open_page: OpenPage) -> None:
    """It leaves the list; the menu knows how long it may lie."""
    one = await office.mail(subject="Lamp")
    await office.world.send()
    await office.world.actions.take(one.id, agent="maria")
    page = await open_page()
    await page.clock.set_fixed_time(office.world.clock.now())
    await enter(office, page, "agent", f"/c/{one.reference}")
    await page.locator(".case-acts .menu summary").click()
    await expect(page.locator(".case-acts .menu-box")).to_contain_text("At most until")
    await page.get_by_role("button", name="1 hour").click()
    await expect(page.locator(".toast")).to_contain_text("Snoozed until")
    assert (await office.world.fresh(one)).status == "snoozed"


async def test_a_lead_says_what_is_known_of_a_customer(office: Office, open_page: OpenPage) -> None:
    """Beside the conversation; a wrong zone is told, and an agent sees it without the button."""
    one = await office.mail(subject="Lamp")
    page = await open_page(tolerant=True)  # a refusal stands on the console
    await enter(office, page, "lead", f"/c/{one.reference}")
    await page.get_by_role("button", name="Change what is known").click()
    await page.locator(".known input[name=tier]").fill("premium")
    await page.get_by_label("Name of a new attribute").fill("country")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.locator(".known input[name=country]").fill("DK")
    await page.locator(".known input[name=zone]").fill("Copenhagen")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast")).to_contain_text("Europe/Copenhagen")
    await page.locator(".known input[name=zone]").fill("Europe/Copenhagen")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".beside")).to_contain_text("premium")
    known = await office.world.store.customer(one.customer)
    assert known.attributes == {"tier": "premium", "country": "DK", "zone": "Europe/Copenhagen"}
    agent = await open_page()
    await enter(office, agent, "agent", f"/c/{one.reference}")
    await expect(agent.locator(".beside")).to_contain_text("premium")
    await expect(agent.get_by_role("button", name="Change what is known")).to_have_count(0)
