"""The chat page and the widget in a real browser, with a host that plays router and agent."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from channels.message import Attachment, Kind
from tests.support.browser import OpenPage, picture
from tests.support.chat import ChatServer, ScriptedHost, serving, site, until

pytestmark = pytest.mark.browser

SHARED = "shared-with-the-site"
SHOP = """<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="data:,"><style>p {{ color: red }} button {{ background: lime !important }}</style>
<h1>A shop like any other</h1>{chat}<script type="module" src="{server}/widget.js?account=site"></script>"""


async def write(page: Page, text: str, label: str = "Your message") -> None:
    """Type a message and send it with the Enter key."""
    await page.get_by_label(label).fill(text)
    await page.keyboard.press("Enter")


def listed(server: ChatServer, origin: str) -> None:
    """Let pages of the origin show the chat."""
    server.host.settings = {**server.host.settings, "origins": [origin]}


async def test_the_visitor_sees_who_answers_by_when_and_the_answer(open_page: OpenPage) -> None:
    """From the first word to the answer on the full page: person, time, countdown, note, answer, settled."""
    host = ScriptedHost(purpose="Questions about orders.", other_ways=["help@example.com"])
    async with serving(host) as server:
        page = await open_page(viewport={"width": 1280, "height": 860})
        await page.goto(f"{server.url}/chat")
        await expect(page.get_by_text("Somebody is here now")).to_be_visible()
        await expect(page.get_by_role("link", name="help@example.com").first).to_be_visible()
        await picture(page, "chat-empty")
        await write(page, "Where is order 5521? https://example.com/5521.")
        await expect(page.get_by_role("status").filter(has_text="Maria Jensen answers by")).to_be_visible()
        await expect(page.get_by_role("timer")).to_have_text("15 minutes left · here now · HB-7K2Q9")
        host.answer(host.thread, "Hi, Maria here. I'll answer by 15:40.", automatic=True)
        await expect(page.get_by_role("log")).to_contain_text("Maria here")
        await picture(page, "chat-waiting")
        host.answer(host.thread, "It comes <b>tomorrow</b>.")
        await expect(page.get_by_role("log")).to_contain_text("It comes <b>tomorrow</b>.")
        await expect(page.get_by_text("Maria Jensen has answered.")).to_be_visible()
        link = page.get_by_role("log").get_by_role("link")
        assert await link.get_attribute("href") == "https://example.com/5521"
        assert "noopener" in (await link.get_attribute("rel") or "")
        await until(lambda: host.looked == {host.thread: 3})
        host.stand(host.thread, status="resolved")
        await expect(page.get_by_text("This is settled.")).to_be_visible()
        await picture(page, "chat-settled")
    assert [message.text for message in host.delivered] == ["Where is order 5521? https://example.com/5521."]


async def test_the_countdown_ends_honestly(open_page: OpenPage) -> None:
    """Seconds at the end, then due now, then that it is late and who knows."""
    host = ScriptedHost()
    host.promise_s = 100.0
    async with serving(host) as server:
        page = await open_page()
        await page.goto(f"{server.url}/chat")
        await write(page, "Hello")
        await expect(page.get_by_role("timer")).to_contain_text("1:3")
        host.stand(host.thread, status="open", by=host.clock.now())
        await expect(page.get_by_role("timer")).to_contain_text("Due now")
        host.stand(host.thread, status="open", by=host.clock.now() - timedelta(minutes=5))
        await expect(page.get_by_text("Later than promised. Maria Jensen knows.")).to_be_visible()


async def test_the_widget_lives_on_somebody_elses_page(open_page: OpenPage) -> None:
    """Neither the site's styles reach in nor ours out; it opens, counts unread answers, and closes by keyboard."""
    host = ScriptedHost()
    async with serving(host) as server, site(SHOP.format(lang="da", chat="", server=server.url)) as origin:
        listed(server, origin)
        await server.restart()
        page = await open_page(viewport={"width": 1100, "height": 820})
        await page.goto(origin)
        launcher = page.get_by_role("button", name="Åbn chatten")
        await launcher.click()
        await expect(page.get_by_label("Din besked")).to_be_focused()
        await write(page, "Hej!", "Din besked")
        await expect(page.get_by_text("Maria Jensen svarer senest")).to_be_visible()
        await picture(page, "widget-open")
        assert await launcher.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(31, 111, 107)"
        await page.keyboard.press("Escape")
        await expect(launcher).to_be_focused()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        host.answer(host.thread, "Den er på vej.")
        unread = page.get_by_role("button", name="Åbn chatten (1 ulæste)")
        await expect(unread).to_be_visible()
        assert host.looked == {}
        await unread.click()
        await expect(page.get_by_text("Den er på vej.")).to_be_visible()
        await until(lambda: host.looked == {host.thread: 2})


async def test_a_site_that_is_not_listed_shows_no_chat(open_page: OpenPage) -> None:
    """The widget does not load there, and nothing is delivered."""
    host = ScriptedHost()
    async with serving(host) as server, site(SHOP.format(lang="en", chat="", server=server.url)) as origin:
        page = await open_page(tolerant=True)
        async with page.expect_event("requestfailed"):
            await page.goto(origin)
        assert await page.locator("handleby-chat").count() == 0


async def test_what_is_written_without_connection_is_kept_and_sent_once(open_page: OpenPage) -> None:
    """The service goes away, the visitor writes and even reloads the page; back again, each message arrives once."""
    host = ScriptedHost()
    async with serving(host) as server:
        page = await open_page(tolerant=True)
        await page.goto(f"{server.url}/chat")
        await write(page, "one")
        await expect(page.get_by_text("Maria Jensen answers by")).to_be_visible()
        await server.stop()
        await expect(page.get_by_text("No connection.")).to_be_visible()
        await write(page, "two")
        await write(page, "three")
        await expect(page.get_by_text("Not sent yet.")).to_have_count(2)
        await picture(page, "chat-offline")
        await server.start()
        await page.reload()
        await expect(page.get_by_text("Not sent yet.")).to_have_count(0)
        await until(lambda: len(host.delivered) == 3)
        await expect(page.get_by_role("article")).to_have_count(3)
    assert [message.text for message in host.delivered] == ["one", "two", "three"]
    assert len({message.thread for message in host.delivered}) == 1


async def test_an_address_is_asked_for_when_nobody_is_there(open_page: OpenPage) -> None:
    """A wrong address is named, a right one is shown as saved and noted on the conversation, also after a reload."""
    host = ScriptedHost()
    host.somebody_present, host.assigned, host.promise_s = False, False, 20 * 3600.0
    async with serving(host) as server:
        page = await open_page(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="de-DE")
        await page.goto(f"{server.url}/chat")
        await expect(page.get_by_text("Gerade ist niemand da", exact=True)).to_be_visible()
        await write(page, "Wo bleibt meine Bestellung?", "Ihre Nachricht")
        await expect(page.get_by_text("Maria Jensen sorgt dafür, dass Sie bis")).to_be_visible()
        await picture(page, "phone-away")
        await write(page, "ana@", "E-Mail-Adresse")
        await expect(page.get_by_role("alert")).to_have_text("Das sieht nicht nach einer E-Mail-Adresse aus.")
        await write(page, "Ana@example.com", "E-Mail-Adresse")
        await expect(
            page.get_by_text("Wenn Sie gehen, kommt die Antwort an Ana@example.com.")
        ).to_be_visible()
        await until(lambda: len(host.delivered) == 2)
        await picture(page, "phone-saved")
        await page.reload()
        await expect(page.get_by_text("kommt die Antwort an Ana@example.com.")).to_be_visible()
        await write(page, "Noch etwas.", "Ihre Nachricht")
        await until(lambda: len(host.delivered) == 3)
    _, status, later = host.delivered
    assert (status.kind, status.reason) == (Kind.STATUS, "contact")
    assert status.claims[0].address == later.claims[0].address == "ana@example.com"


async def test_where_no_websocket_gets_through_requests_do(open_page: OpenPage) -> None:
    """A proxy that blocks the upgrade costs nothing but a little time."""
    host = ScriptedHost()
    async with serving(host) as server:
        page = await open_page(tolerant=True)
        await page.add_init_script(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose({}), 1) } close() {} }"
        )
        await page.goto(f"{server.url}/chat")
        await write(page, "Hello")
        await expect(page.get_by_text("Maria Jensen answers by")).to_be_visible()
        host.answer(host.thread, "Hi there")
        await expect(page.get_by_text("Hi there")).to_be_visible()
        await expect(page.get_by_role("article")).to_have_count(2)


async def test_a_person_the_site_knows_finds_their_history_anywhere(open_page: OpenPage) -> None:
    """The same signed identity in two browsers is one conversation; the next person at the computer sees none of it."""
    digest = hmac.new(SHARED.encode(), b"42", hashlib.sha256).hexdigest()
    known = (
        f'<handleby-chat account="site" data-identifier="42" data-identifier-hash="{digest}"></handleby-chat>'
    )
    host = ScriptedHost(identity_secret=SHARED)
    async with serving(host) as server, site(SHOP.format(lang="en", chat=known, server=server.url)) as origin:
        listed(server, origin)
        await server.restart()
        first, second = await open_page(), await open_page()
        for page in (first, second):
            await page.goto(origin)
            await page.get_by_role("button", name="Open the chat").click()
        await write(first, "It is me")
        await expect(second.get_by_text("It is me")).to_be_visible()
        await first.evaluate("document.querySelector('handleby-chat').identify()")
        await expect(first.get_by_role("article")).to_have_count(0)
        assert (
            await first.evaluate("Object.keys(localStorage).filter(key => key.includes(':42:token'))") == []
        )
    assert host.delivered[0].sender.verified


async def test_a_message_that_is_too_long_can_be_mended(open_page: OpenPage) -> None:
    """What the service refuses stays visible, with the reason and a way to change it."""
    host = ScriptedHost()
    async with serving(host) as server:
        page = await open_page()
        await page.goto(f"{server.url}/chat")
        await expect(page.get_by_label("Your message")).to_be_visible()
        server.host.settings = {**host.settings, "max_length": 100}
        await server.restart()
        await write(page, "x" * 101)
        await expect(page.get_by_text("Not sent: at most")).to_be_visible()
        await picture(page, "chat-refused")
        await page.get_by_role("button", name="Edit").click()
        await write(page, "shorter")
        await expect(page.get_by_text("Maria Jensen answers by")).to_be_visible()
    assert [message.text for message in host.delivered] == ["shorter"]


async def test_a_file_from_the_agent_can_be_fetched(open_page: OpenPage) -> None:
    """An attachment of an answer is a button that downloads it."""
    host = ScriptedHost()
    async with serving(host) as server:
        page = await open_page()
        await page.goto(f"{server.url}/chat")
        await write(page, "The bill, please")
        await expect(page.get_by_text("Maria Jensen answers by")).to_be_visible()
        blob = await host.blobs.put(b"%PDF-1.7")
        bill = Attachment(name="bill.pdf", content_type="application/pdf", size=8, blob=blob)
        host.answer(host.thread, "Here it is.", files=(bill,))
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Download bill.pdf").click()
        download = await started.value
        assert download.suggested_filename == "bill.pdf"
