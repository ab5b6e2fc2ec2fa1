"""Promises that run short, as people see them at the desk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from router.desk import users
from tests.browser.test_desk import enter
from tests.support.browser import OpenPage, open_page, picture
from tests.support.keeping import account, to
from tests.unit.desk.office import ROLES, Office, opened

pytestmark = pytest.mark.browser

__all__ = ["open_page"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose public address is where it is served."""
    async with opened(tmp_path) as found:
        yield found


async def test_words_that_only_a_person_may_send(office: Office, open_page: OpenPage) -> None:
    """They lie above the answer with the reason; sent, they name the new time, and the answer is still owed."""
    account(office.world, "email", one_automatic_reply=True)
    await office.world.here("maria")
    one = await office.mail(subject="Parcel 5521")
    await office.world.send()
    page = await open_page()
    await enter(office, page)
    await to(office.world, (await office.world.fresh(one)).promise.renew_at, 600)
    await page.reload()
    card = page.locator(".card", has_text="Parcel 5521")
    await expect(card).to_contain_text("Promised")
    await card.click()
    await expect(page.locator(".flag.short")).to_contain_text("You promised")
    form = page.locator("form.laid")
    await expect(form).to_contain_text("only a person may say it")
    await expect(form).to_contain_text("platform")
    words = page.get_by_label("Your words. The time stays")
    await expect(words).to_have_value((await office.world.fresh(one)).prepared.text)
    await picture(page, "laid")
    await words.fill("Sorry, Ana: I need a little longer.")
    await office.mail(subject="Re: Parcel 5521", references=("<m1@example.org>",), text="Are you there?")
    await expect(page.locator(".line.theirs")).to_have_count(2)
    await expect(words).to_have_value("Sorry, Ana: I need a little longer.")
    await page.get_by_role("button", name="Send as my words").click()
    await expect(page.get_by_text("the answer is still owed")).to_be_visible()
    await expect(form).to_have_count(0)
    await office.world.send()
    assert office.world.mail.sent[-1].text == "Sorry, Ana: I need a little longer."
    assert (await office.world.fresh(one)).status == "open"


async def test_words_laid_out_for_a_colleague_are_said_in_ones_own_name(
    office: Office, open_page: OpenPage
) -> None:
    """It says whose they are; sent as they stand they are refused, and nothing typed is lost."""
    account(office.world, "email", one_automatic_reply=True)
    await office.world.here("maria")
    one = await office.mail(subject="Parcel 5521")
    await office.world.send()
    await to(office.world, (await office.world.fresh(one)).promise.renew_at, 600)
    page = await open_page(tolerant=True)
    await enter(office, page, "lead")
    await page.goto(f"{office.url}/c/{one.reference}")
    form = page.locator("form.laid")
    await expect(form).to_contain_text("in Maria Jensen's name")
    await picture(page, "laid-for-another")
    await page.get_by_role("button", name="Send as my words").click()
    await expect(page.locator(".toast")).to_contain_text("Say them in your own name")
    await page.get_by_label("Your words. The time stays").fill("I'm Lea. It takes a little longer, sorry.")
    await page.get_by_role("button", name="Send as my words").click()
    await expect(form).to_have_count(0)
    await office.world.send()
    assert office.world.mail.sent[-1].author == "Lea Lead"


async def test_a_lead_has_a_list_of_what_runs_short(office: Office, open_page: OpenPage) -> None:
    """Once the lead is warned it stands under "At risk", with whose promise it is."""
    await office.world.here("maria")
    one = await office.mail(subject="Parcel 5521")
    await office.world.send()
    await to(office.world, (await office.world.fresh(one)).promise.lead_at, 600)
    await users.add(office.parts.store, email="tom@example.com", name="Tom Berg")
    ROLES["tom"] = "tom@example.com"
    try:
        page = await open_page()
        await enter(office, page, "tom")
    finally:
        del ROLES["tom"]
    await page.get_by_role("tab", name="At risk").click()
    await page.locator(".card", has_text="Parcel 5521").click()
    await expect(page.locator(".flag.short")).to_contain_text("Maria Jensen promised")
    await picture(page, "at-risk")
