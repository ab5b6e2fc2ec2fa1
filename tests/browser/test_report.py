"""The report in a real browser: what a lead sees, in light and dark, on a phone, and what is found without eyes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.test_desk import enter
from tests.support.browser import OpenPage, open_page, picture
from tests.unit.desk.office import Office, opened
from tests.unit.desk.test_figures import HOUR, PLACES, fill, told, waited

pytestmark = pytest.mark.browser

__all__ = ["open_page"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk with twelve weeks of promises: most are kept, some renewed, a few broken."""
    async with opened(tmp_path, zone="Europe/Copenhagen") as found:
        now, lines = found.world.clock.now(), []
        for n in range(600):
            place = PLACES[n % 3]
            at = now - timedelta(hours=3.3 * n, minutes=n % 50)
            late = n % 17 == 3 + (n // 200)
            lines += [told("promised", *place, at - HOUR), told("broken" if late else "kept", *place, at)]
            slack = -timedelta(minutes=7 * (n % 23)) if late else timedelta(minutes=(n * 7919) % 300)
            lines.append(waited(*place, at, slack))
            if n % 11 == 0:
                lines.append(told("renewed", *place, at - HOUR / 2))
        await fill(found, *lines)
        yield found


async def test_a_lead_reads_the_report(office: Office, open_page: OpenPage) -> None:
    """From the bar to the page: rates, plots with names, tables beside them, one person's figures, a download."""
    page = await open_page(viewport={"width": 1280, "height": 900})
    await enter(office, page, "lead")
    await page.get_by_role("link", name="Report").click()
    await expect(page.get_by_role("heading", name="Promises", exact=True)).to_be_visible()
    for name in ("Promises kept by week", "Time to spare", "Promised against actual"):
        await expect(page.get_by_role("img", name=name)).to_be_visible()
    await expect(page.get_by_role("table", name="By channel, all weeks shown")).to_contain_text("Email")
    await page.wait_for_load_state()
    await picture(page, "report")
    await page.get_by_role("combobox", name="Person").select_option(label="Tom Berg")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("table", name="By person, all weeks shown")).not_to_contain_text("Maria")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download all of them").click()
    assert (await download.value).suggested_filename == "promised-and-actual.csv"


async def test_the_report_in_the_dark_and_on_a_phone(office: Office, open_page: OpenPage) -> None:
    """Dark colours follow the reader's choice, and nothing makes a small page scroll sideways."""
    dark = await open_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    await enter(office, dark, "lead", "/report")
    line = dark.locator(".plot .line.kept")
    shade = await line.evaluate("each => getComputedStyle(each).stroke")
    await picture(dark, "report-dark")
    phone = await open_page(viewport={"width": 390, "height": 844})
    await enter(office, phone, "lead", "/report")
    assert await phone.locator(".plot .line.kept").evaluate("each => getComputedStyle(each).stroke") != shade
    wide = await phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    sizes = await phone.locator(".plot .tick").evaluate_all(
        "each => each.map(one => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 10, "labels of plots are too small to read"
    await picture(phone, "report-phone")


async def test_a_lead_reads_and_leaves_through_the_letter(office: Office, open_page: OpenPage) -> None:
    """One sheet: rate, what broke and why, a customer's words, the week ahead; the week before is a step away."""
    world = office.world
    await world.here("maria", "tom")
    [sad] = await world.take(
        world.mail_from(text="Dear Maria, I waited all day for you to call me on 12345678. Ana")
    )
    at = world.clock.now()
    lines = [
        told("broken", *PLACES[0], at + timedelta(minutes=n), conversation=id_, reason=why)
        for n, (id_, why) in enumerate(
            [(sad.id, "nobody was on"), ("cv_gone", "nobody was on"), ("cv_gone", "it changed hands")]
        )
    ]
    lines += [told("waiting", *PLACES[0], at - timedelta(days=day)) for day in (3, 10) for _ in range(60)]
    world.clock.move(3600)
    await fill(office, *lines)
    page = await open_page(viewport={"width": 1280, "height": 1300})
    await enter(office, page, "lead", "/report")
    await page.get_by_role("link", name="Last week's letter").click()
    await expect(page.get_by_role("heading", name="The week of 16 to 22 November 2026")).to_be_visible()
    await page.get_by_role("link", name="The week after").click()
    await expect(page.get_by_role("heading", name="The week of 23 to 29 November 2026")).to_be_visible()
    await expect(page.get_by_role("table", name="Broken promises of the week")).to_contain_text(sad.reference)
    await expect(page.locator("blockquote")).to_contain_text("I waited all day for you to call me on [phone]")
    await expect(page.get_by_role("list").last).to_contain_text("needed, about 60 messages usually come")
    await picture(page, "letter")


async def test_the_letter_is_one_page(office: Office, open_page: OpenPage) -> None:
    """Printed it takes one sheet of paper, also with as much as it ever tells; on a phone nothing is cut off."""
    world = office.world
    [sad] = await world.take(world.mail_from(text="I wait for the lamp, and nobody tells me when. " * 20))
    at = world.clock.now() - timedelta(days=3)
    why = ("held long", "surge", "send failed")
    lines = [
        told("broken", *PLACES[n % 2], at - HOUR * (n % 60), conversation=sad.id, reason=why[n % 3])
        for n in range(90)
    ]
    lines += [
        told("waiting", *PLACES[0], at - timedelta(days=d, hours=2 * h))
        for d in range(21)
        for h in range(9)
        for _ in range(120)
    ]
    await fill(office, *lines)
    page = await open_page(viewport={"width": 1280, "height": 900})
    await enter(office, page, "lead", "/report/letter")
    rows = page.get_by_role("table", name="Broken promises of the week").get_by_role("row")
    assert await rows.count() == 31
    assert await page.locator(".sheet ul li").count() == 10
    printed = await page.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    phone = await open_page(viewport={"width": 390, "height": 844})
    await enter(office, phone, "lead", "/report/letter")
    wide = await phone.locator(".sheet .scroll").evaluate("each => each.scrollWidth - each.clientWidth")
    assert wide <= 0
    await picture(phone, "letter-phone")


async def test_health_shows_promises_by_channel_and_queue(office: Office, open_page: OpenPage) -> None:
    """Who looks after the service sees where promises are kept, and nobody's own figures."""
    page = await open_page()
    await enter(office, page, "admin", "/admin")
    table = page.get_by_role("table", name="Promises by channel, the last 24 hours")
    await expect(table).to_contain_text("90.0 %")
    queues = page.get_by_role("table", name="Promises by queue, the last 24 hours and this week")
    for told_ in ("general", "75.0 %", "10 min"):
        await expect(queues).to_contain_text(told_)
    await picture(page, "admin")
