"""The page behind a note's link in Chromium: on a phone, without scripts, by keyboard, in the dark."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from router.conversation import Status
from router.taps.tapped import Taps
from tests.support.browser import OpenPage, picture
from tests.support.taps import noted, said, serving
from tests.unit.desk.office import Office

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
#: What a thumb hits, in CSS pixels (WCAG 2.5.5).
THUMB = 44


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Office, Taps]]:
    """Serve a desk whose notes carry links."""
    async with serving(tmp_path) as found:
        yield found


async def phone(open_page: OpenPage, office: Office, token: str, **options: object) -> Page:
    """Open a link on a phone that runs no scripts."""
    page = await open_page(
        viewport=PHONE, java_script_enabled=False, has_touch=True, is_mobile=True, **options
    )
    await page.goto(f"{office.url}/t/{token}")
    return page


async def fits(page: Page) -> None:
    """Hold that nothing is cut off, and that everything to tap is as large as a thumb."""
    for tapped in await page.locator("button:visible, summary:visible, label.time:visible").all():
        box = await tapped.bounding_box()
        assert box is not None
        assert box["height"] >= THUMB
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


async def test_tomorrow_is_fine_by_one_tap(served: tuple[Office, Taps], open_page: OpenPage) -> None:
    """The page says who answers by when; one tap moves it, and another takes it back."""
    office, _ = served
    one, token = await noted(office.world)
    page = await phone(open_page, office, token)
    await expect(page.get_by_role("heading")).to_contain_text("by 12:00 on Tuesday 24 November")
    await fits(page)
    await picture(page, "tap-waits")
    await page.get_by_role("button", name="Tomorrow is fine").tap()
    await expect(page.get_by_role("heading")).to_contain_text("by 17:00 on Tuesday 24 November")
    await fits(page)
    await picture(page, "tap-later")
    await page.get_by_role("button", name="I changed my mind").tap()
    await expect(page.get_by_role("heading")).to_contain_text("by 12:00 on Tuesday 24 November")
    assert (await office.world.fresh(one)).due_at == one.due_at


async def test_a_time_is_picked(served: tuple[Office, Taps], open_page: OpenPage) -> None:
    """The times unfold without a script; the one that was picked is promised."""
    office, _ = served
    _, token = await noted(office.world)
    page = await phone(open_page, office, token)
    await page.get_by_text("Pick a time").first.tap()
    await fits(page)
    await picture(page, "tap-times")
    await page.get_by_text("By 14:00 on Wednesday 25 November").tap()
    await page.get_by_role("button", name="This time suits me").tap()
    await expect(page.get_by_role("heading")).to_contain_text("by 14:00 on Wednesday 25 November")


async def test_solved_in_the_dark_in_another_language(
    served: tuple[Office, Taps], open_page: OpenPage
) -> None:
    """A link that names its choice lays it out alone; the page speaks the note's language."""
    office, _ = served
    one, token = await noted(office.world, language="de")
    page = await phone(open_page, office, f"{token}?a=solved", color_scheme="dark")
    assert await page.get_by_role("button").count() == 1
    await picture(page, "tap-confirm")
    await page.get_by_role("button", name="Erledigt, danke").tap()
    await expect(page.get_by_role("heading")).to_contain_text("Gut zu wissen.")
    await fits(page)
    await picture(page, "tap-solved")
    assert (await office.world.fresh(one)).status is Status.RESOLVED


async def test_every_language_fits_the_smallest_phone(
    served: tuple[Office, Taps], open_page: OpenPage
) -> None:
    """In none of the six is anything cut off or pushed out of sight at 320 pixels, before a tap and after it."""
    office, taps = served
    page = await open_page(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    for language in office.world.house.wording.languages:
        who = f"{language}@example.org"
        one, token = await noted(office.world, language=language, who=who)
        for kind in ("", "later", "urgent", "solved"):
            if kind:
                await said(taps, token, kind)
            await page.goto(f"{office.url}/t/{token}")
            for place in await page.locator("summary").all():
                await place.click()
            assert await page.locator("html").get_attribute("lang") == language
            for shown in await page.locator("h1, p:visible, button:visible, label.time:visible").all():
                box = await shown.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= 320, (language, kind, await shown.inner_text())
        assert (await office.world.fresh(one)).language == language


async def test_it_is_urgent_by_keyboard(served: tuple[Office, Taps], open_page: OpenPage) -> None:
    """Without a pointer it works too, and the page says who is told."""
    office, _ = served
    one, token = await noted(office.world)
    page = await open_page(java_script_enabled=False)
    await page.goto(f"{office.url}/t/{token}")
    await page.get_by_role("button", name="It is urgent").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading")).to_contain_text("Maria is told at once that it is urgent.")
    assert (await office.world.fresh(one)).priority == "high"


async def test_a_link_that_is_over_says_what_to_do(served: tuple[Office, Taps], open_page: OpenPage) -> None:
    """No button is left, only the way that always works."""
    office, _ = served
    _, token = await noted(office.world)
    office.world.clock.move(30 * 86400)
    page = await phone(open_page, office, token, tolerant=True)
    await expect(page.get_by_role("heading")).to_have_text(
        "This link is no longer in use. Just reply to the message."
    )
    await expect(page.get_by_role("button")).to_have_count(0)
    await picture(page, "tap-over")


async def test_the_agent_sees_what_the_customer_said(tmp_path: Path, open_page: OpenPage) -> None:
    """The card in the list carries a sign, and the conversation says what was wanted by when."""
    async with serving(tmp_path, public_url="http://127.0.0.1:8080") as (office, taps):
        await office.world.here("maria")
        _, token = await noted(office.world)
        await said(taps, token, "later")
        page = await open_page()
        await page.goto(await office.link())
        await page.get_by_role("button", name="Sign in").click()
        card = page.locator(".card", has_text="Ana")
        await expect(card.locator(".chip", has_text="Tomorrow is fine")).to_be_visible()
        await card.click()
        await expect(page.locator(".wish")).to_contain_text("The customer says that tomorrow is fine, by ")
        await picture(page, "tap-desk")
