"""The desk in a real browser: what people see and do, and what hostile mail cannot do."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from channels.message import Attachment, Identity
from router.conversation import Conversation
from tests.support.browser import PATIENCE_MS, OpenPage, open_page, picture
from tests.unit.desk.office import Office, opened, visitor

pytestmark = pytest.mark.browser

__all__ = ["open_page"]

EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}}'


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk whose public address is where it is served."""
    async with opened(tmp_path, banner="Sample team: nothing leaves this machine.") as found:
        yield found


async def enter(office: Office, page: Page, role: str = "agent", path: str = "/") -> None:
    """Sign in with a one-time link, then go to a page."""
    await page.goto(await office.link(role))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{office.url}/")
    if path != "/":
        await page.goto(office.url + path)


async def mine(office: Office, **fields: object) -> Conversation:
    """Let a mail come in that Maria takes."""
    conversation = await office.mail(**fields)
    if not conversation.owner:
        await office.world.actions.take(conversation.id, agent="maria")
    return await office.world.fresh(conversation)


async def test_an_agent_answers_a_mail(office: Office, open_page: OpenPage) -> None:
    """From the link to the sent answer: the note is marked, the reason is shown, the answer goes out."""
    await office.world.here("maria")
    conversation = await mine(office, text="Where is my parcel?", subject="Parcel 5521")
    await office.world.send()
    page = await open_page()
    await enter(office, page)
    await expect(page.get_by_role("note")).to_contain_text("Sample team")
    card = page.locator(".card", has_text="Parcel 5521")
    await expect(card).to_contain_text("Ana")
    await card.click()
    await expect(page).to_have_url(f"{office.url}/c/{conversation.reference}")
    await expect(page.locator(".line.theirs")).to_contain_text("Where is my parcel?")
    await expect(page.locator(".note")).to_contain_text("Automatic note in Maria Jensen's name")
    await expect(page.locator(".note .promised")).to_contain_text("promises")
    await expect(page.get_by_role("complementary")).to_contain_text("Why here")
    await expect(page.locator(".case-time .pill")).to_contain_text("left")
    await picture(page, "desk")
    await page.get_by_label("Answer Ana as Maria Jensen").fill("It is in Odense, and with you tomorrow.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".line.ours")).to_contain_text("It is in Odense")
    await expect(page.locator(".title", has_text="Just answered")).to_be_visible()
    await office.world.send()
    await expect(page.locator(".line.ours .state.sent")).to_be_visible()
    assert office.world.mail.sent[-1].text == "It is in Odense, and with you tomorrow."


async def test_resolving_leads_to_the_next_piece_of_work(office: Office, open_page: OpenPage) -> None:
    """Send and resolve opens the next conversation; resolving can be undone."""
    await mine(office, subject="First")
    await mine(office, subject="Second", who="ben@example.org")
    page = await open_page()
    await enter(office, page)
    await page.locator(".card").first.click()
    await page.locator(".line.theirs").wait_for()
    await page.keyboard.press("r")
    await page.keyboard.type("Done.")
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(".case-title h2")).to_have_text("Second")
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".case-title h2")).to_have_text("Second")


async def test_work_appears_by_itself(office: Office, open_page: OpenPage) -> None:
    """New mail, and a second message in the open conversation, show without a reload."""
    page = await open_page()
    await enter(office, page)
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    await page.get_by_role("switch").wait_for()
    await office.world.here("maria")
    conversation = await office.mail(subject="Fresh")
    await page.locator(".card", has_text="Fresh").click()
    await expect(page.locator(".line.theirs")).to_have_count(1)
    await office.mail(text="One more thing", subject="Re: Fresh", references=("<m1@example.org>",))
    await expect(page.locator(".line.theirs")).to_have_count(2)
    assert conversation.owner == "maria"


async def test_work_appears_without_hints_too(office: Office, open_page: OpenPage) -> None:
    """Where a proxy cuts the live stream, the desk asks every few seconds."""
    page = await open_page(tolerant=True)
    await page.route("**/api/v1/live", lambda route: route.abort())
    await enter(office, page)
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    await office.world.here("maria")
    await office.mail(subject="Quiet")
    await expect(page.locator(".card", has_text="Quiet")).to_be_visible(timeout=PATIENCE_MS)


async def test_two_people_do_not_answer_twice(office: Office, open_page: OpenPage) -> None:
    """While Maria writes, Lea answers: Maria is warned, reads it, and then may send."""
    conversation = await mine(office)
    page = await open_page(tolerant=True)
    await enter(office, page, path=f"/c/{conversation.reference}")
    await page.locator("#answer").fill("My answer")
    async with visitor(office, "lead") as lea:
        await lea.post(f"/conversations/{conversation.id}/reply", {"text": "Lea was faster"})
    warning = page.get_by_role("alert")
    await expect(warning).to_contain_text("Lea Lead answered while you were writing")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".toast.bad")).to_be_visible()
    await expect(page.locator("#answer")).to_have_value("My answer")
    await picture(page, "collision")
    await warning.get_by_role("button", name="I have read it").click()
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".line.ours", has_text="My answer")).to_be_visible()


async def test_a_draft_survives(office: Office, open_page: OpenPage) -> None:
    """A reload and a lost connection keep the text, and sending again sends once."""
    conversation = await mine(office)
    page = await open_page(tolerant=True)
    await enter(office, page, path=f"/c/{conversation.reference}")
    await page.locator("#answer").fill("Half an answ")
    await page.reload()
    await expect(page.locator("#answer")).to_have_value("Half an answ")
    await expect(page.locator(".card.drafted")).to_have_count(1)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".toast.bad")).to_contain_text("Your text is kept")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".line.ours")).to_have_count(1)
    await expect(page.locator("#answer")).to_have_value("")


async def test_keys_reach_everything(office: Office, open_page: OpenPage) -> None:
    """J and k walk, t takes, / searches, ? helps, u goes back."""
    await office.mail(subject="First")
    second = await office.mail(subject="Second", who="ben@example.org")
    page = await open_page()
    await enter(office, page)
    await page.get_by_role("tab", name="Watching 2").click()
    await page.keyboard.press("j")
    await expect(page.locator(".case-title h2")).to_have_text("First")
    await page.keyboard.press("j")
    await expect(page.locator(".case-title h2")).to_have_text("Second")
    await page.keyboard.press("t")
    await expect(page.locator(".case-title")).to_contain_text("yours")
    await page.keyboard.press("u")
    await expect(page.get_by_text("Choose a conversation")).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type(second.reference)
    await expect(page.locator(".card")).to_have_count(1)
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Send and resolve")


async def test_saying_that_one_is_away(office: Office, open_page: OpenPage) -> None:
    """The switch tells the router, and it is seen after a reload."""
    page = await open_page()
    await enter(office, page)
    switch = page.get_by_role("switch", name="I'm here")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    await page.reload()
    await expect(switch).not_to_be_checked()
    assert (await office.parts.store.agents())["maria"].said == "away"
    await switch.click()
    await expect(switch).to_be_checked()


async def hostile(office: Office) -> Conversation:
    """Let a mail come in whose every part is an attack."""
    blob = await office.blobs.put(b"x")
    html = await office.blobs.put(
        EVIL.encode() + b"<b>still here</b><a href='javascript:window.pwned=1'>go</a>"
    )
    message = office.world.mail_from(
        text=EVIL,
        subject=EVIL,
        full_text=EVIL + EVIL,
        html=html,
        raw=blob,
        attachments=(Attachment(name=EVIL + "\u202egpj.exe", content_type=EVIL, size=1, blob=blob),),
        zone=EVIL,
    )
    sender = Identity(kind="email", address="evil@example.org", name=EVIL)
    from msgspec.structs import replace

    conversation = (await office.world.take(replace(message, sender=sender)))[0]
    await office.world.actions.take(conversation.id, agent="maria")
    return await office.world.fresh(conversation)


async def test_hostile_mail_stays_text(office: Office, open_page: OpenPage) -> None:
    """Markup in names, subjects, texts, files and HTML is shown or dropped, never run or loaded."""
    conversation = await hostile(office)
    page = await open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await enter(office, page, path=f"/c/{conversation.reference}")
    await expect(page.locator(".line .prose").first).to_have_text(EVIL)
    await expect(page.locator(".case-title h2")).to_have_text(EVIL)
    await page.get_by_role("button", name="Show as HTML").click()
    frame = page.frame_locator("iframe.mail")
    await expect(frame.locator("b")).to_have_text("still here")
    await expect(frame.locator("a")).not_to_have_attribute("href", re.compile("."))
    assert await page.locator("iframe.mail").get_attribute("sandbox") == (
        "allow-popups allow-popups-to-escape-sandbox"
    )
    await picture(page, "hostile")
    for path in ("/outbox", f"/c/{conversation.reference}"):
        await page.goto(office.url + path)
        await page.wait_for_load_state("networkidle") if path == "/outbox" else await page.locator(
            ".line"
        ).wait_for()
        assert await page.evaluate("window.pwned") is None
        assert await page.locator("main img, main script").count() == 0
    assert [url for url in asked if not url.startswith((office.url, "about:", "data:"))] == []


async def test_the_other_pages_show_what_they_should(office: Office, open_page: OpenPage) -> None:
    """Outbox, rules and health are filled from the API."""
    await office.world.here("maria")
    await office.mail(subject="Lamp")
    await office.world.send()
    page = await open_page()
    await enter(office, page, "admin", "/outbox")
    await expect(page.locator(".letter")).to_contain_text("help@example.com")
    await expect(page.locator(".letter")).to_contain_text("Automatic note")
    await picture(page, "outbox")
    await page.get_by_role("link", name="Rules").click()
    await expect(page.locator(".rule-list")).to_contain_text("Refunds go to billing")
    await expect(page.get_by_role("table", name="Queues")).to_contain_text("Maria Jensen, Tom Berg")
    await picture(page, "rules")
    await page.get_by_role("link", name="Health").click()
    await expect(page.locator(".verdict")).to_have_text("Needs a look")
    await expect(page.locator(".causes")).to_contain_text("Check the password.")
    await expect(page.get_by_role("table", name="Queues")).to_contain_text("general")
    await expect(page.locator(".figures")).to_contain_text("90.0 %")
    await picture(page, "health")


async def test_an_admin_lets_somebody_in(office: Office, open_page: OpenPage) -> None:
    """Making an account and its link on the page is enough for the other one to come in."""
    page = await open_page()
    await enter(office, page, "admin", "/admin")
    await page.get_by_label("Email address").fill("tom@example.com")
    await page.get_by_label("Name", exact=True).fill("Tom Berg")
    await page.get_by_role("button", name="Add account").click()
    row = page.get_by_role("row", name="Tom Berg")
    await expect(row).to_contain_text("tom")
    await row.get_by_role("button", name="Sign-in link").click()
    link = await row.get_by_label("Sign-in link for tom@example.com").input_value()
    other = await open_page(tolerant=True)  # what the desk still asks while somebody signs out is refused
    await other.goto(office.url + link.removeprefix(office.parts.public_url))
    await other.get_by_role("button", name="Sign in").click()
    await expect(other.locator(".me")).to_have_text("Tom Berg")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    await other.goto(office.url)
    await expect(other).to_have_url(f"{office.url}/signin")


async def test_a_phone_shows_one_thing_at_a_time(office: Office, open_page: OpenPage) -> None:
    """On a small screen the list gives way to the conversation, and comes back."""
    await mine(office, subject="Small")
    page = await open_page(viewport={"width": 390, "height": 800})
    await enter(office, page)
    await page.locator(".card").click()
    await expect(page.locator(".cards")).to_be_hidden()
    await expect(page.locator(".line.theirs")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    await page.get_by_role("button", name="About this conversation").click()
    await expect(page.get_by_role("complementary")).to_contain_text("Why here")
    await picture(page, "phone")
    await page.get_by_role("button", name="Back to the list").click()
    await expect(page.locator(".cards")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out(office: Office, open_page: OpenPage, scheme: str) -> None:
    """In light and dark, text has at least the contrast of WCAG AA on what lies behind it."""
    conversation = await mine(office)
    await office.world.send()
    page = await open_page(color_scheme=scheme)
    await enter(office, page, path=f"/c/{conversation.reference}")
    await page.locator(".line").first.wait_for()
    assert await page.evaluate(CONTRAST) == []


#: Every visible text of the page whose contrast is below 4.5.
CONTRAST = """() => {
  const parse = (css) => {
    const n = css.match(/[\\d.]+/g).map(Number);
    return { rgb: n.slice(0, 3), a: n[3] ?? 1 };
  };
  const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = parse(getComputedStyle(n).backgroundColor);
      if (c.a > 0.9) return c.rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const node = walk.currentNode.parentElement;
    if (!text || !node.checkVisibility() || node.closest("script, option, noscript, .skip, .unseen")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color).rgb), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${node.className || node.tagName}: ${ratio.toFixed(2)} ${text.slice(0, 30)}`);
  }
  return found;
}"""
