import gzip
import json
import re

import pytest
from aiohttp import ClientSession

from channels.errors import Misconfigured, Refused
from channels.message import Identity, Outgoing, Sent
from channels.webchat import assets
from channels.webchat.adapter import adapter
from channels.webchat.config import all_words, pick
from channels.webchat.page import preferred
from channels.webchat.settings import read
from tests.support.chat import ScriptedHost, serving

HOSTILE = '"><script>alert(1)</script>'


async def test_the_page_runs_nothing_inline_and_escapes_what_was_set() -> None:
    """A strict policy stands on the page, and a setting cannot break out of its place."""
    host = ScriptedHost(
        title=HOSTILE, greeting=HOSTILE, purpose=HOSTILE, other_ways=[HOSTILE, "help@example.com"]
    )
    async with serving(host) as server, ClientSession() as session:
        response = await session.get(f"{server.url}/chat?lang=da")
        html = await response.text()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in html
    assert not re.search(r"<[^>]+\son\w+=|<[^>]+\sstyle=", html)
    assert '<html lang="da">' in html
    assert '<a href="mailto:help@example.com"' in html


async def test_listed_sites_may_frame_the_page() -> None:
    """The policy names the account's origins and nobody else."""
    host = ScriptedHost(origins=["https://www.example.com", "https://*.shops.example"])
    async with serving(host) as server, ClientSession() as session:
        response = await session.get(f"{server.url}/chat")
    framers = response.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
    assert {"'self'", "https://www.example.com", "https://*.shops.example"} <= set(framers)
    assert all(
        each.startswith(("'self'", "http://127.0.0.1:", "http://localhost:", "https://")) for each in framers
    )


async def test_the_widget_is_small() -> None:
    """All that a site loads, scripts and style together, is less than 15 kB on the wire; so is widget.js in full."""
    async with serving(ScriptedHost()) as server, ClientSession(auto_decompress=False) as session:
        response = await session.get(f"{server.url}/widget.js")
        script = gzip.decompress(await response.read())
        same = await session.get(
            f"{server.url}/widget.js", headers={"If-None-Match": response.headers["ETag"]}
        )
        missing = await session.get(f"{server.url}/chat/static/nothing.js")
        outside = await session.get(f"{server.url}/chat/static/..%2Fmanifest.toml")
    names = {*re.findall(r'chat/static/([\w.]+)"', script.decode()), "widget.js"}
    assert len(script) < 15_000
    assert sum(len(assets.assets()[name].zipped) for name in names) < 15_000
    assert (same.status, missing.status, outside.status) == (304, 404, 404)


def test_every_language_has_every_word() -> None:
    """No language lacks a word or a place to fill in."""
    words = all_words()
    assert set(words) == {"en", "da", "ru", "de", "fr", "es"}
    for language, mine in words.items():
        assert set(mine) == set(words["en"]), language
        for key, text in mine.items():
            assert text.strip() == text != "", (language, key)
            assert fields(text) | {"date"} >= fields(words["en"][key]), (language, key)


def fields(text: str) -> set[str]:
    """Return the places to fill in."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_word_is_used() -> None:
    """No word is kept that nothing shows."""
    used = "".join(path.read_text(encoding="utf-8") for path in assets.FOLDER.glob("*.js"))
    used += "".join(path.read_text(encoding="utf-8") for path in assets.FOLDER.parent.glob("*.py"))
    unused = [word for word in all_words()["en"] if not re.search(rf'words\.{word}\b|"{word}"', used)]
    assert unused == []


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("da, en-gb;q=0.8, en;q=0.7", ["da", " en-gb", " en"]),
        ("fr;q=0.3,de;q=0.9", ["de", "fr"]),
        ("de;q=0,es", ["es"]),
        ("", [""]),
        ("da;q=nonsense", ["da"]),
    ],
)
def test_the_browsers_wishes_are_read(header: str, best: list[str]) -> None:
    """Languages come in the order of their weights; those of weight 0 not at all."""
    assert preferred(header) == best


def test_a_language_without_words_gives_way() -> None:
    """The next wish counts, then the account's language, then English."""
    assert pick(["xx", "pt-BR", "de-AT"], "da") == "de"
    assert pick(["xx"], "da") == "da"
    assert pick([], "xx") == "en"


async def test_the_config_says_what_the_chat_is_for() -> None:
    """Texts, colours and whether somebody is there, in the language asked for."""
    host = ScriptedHost(purpose="Orders", other_ways=["help@example.com"], colour="#ffdd00")
    host.somebody_present = False
    async with serving(host) as server, ClientSession() as session:
        response = await session.get(f"{server.url}/chat/config?account=site&lang=ru-RU")
        config = json.loads(await response.text())
    assert (config["language"], config["purpose"], config["other_ways"]) == (
        "ru",
        "Orders",
        ["help@example.com"],
    )
    assert (config["title"], config["present"], config["on_colour"]) == ("Чат: Example", False, "#000000")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"colour": "teal"}, "colour"),
        ({"require_identity": True}, "identity_secret"),
        ({"identity_secret": "short"}, "identity_secret"),
        ({"origins": ["example.com"]}, "origins"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, object], named: str) -> None:
    """The account does not open, and the message says which setting to mend."""
    with pytest.raises(Misconfigured, match=rf"channels\.webchat\.site\..*{named}"):
        adapter.open(ScriptedHost(**settings))


def test_the_text_on_the_colour_can_be_read() -> None:
    """Light colours carry dark text, dark ones light text."""
    assert read(ScriptedHost(colour="#1f6f6b")).on_colour == "#ffffff"
    assert read(ScriptedHost(colour="#fff000")).on_colour == "#000000"


async def test_sending_is_done_by_the_transcript() -> None:
    """A line for a chat counts as sent at once, under its own id; mail is refused with what to do instead."""
    chat = adapter.open(ScriptedHost())
    host = ScriptedHost()
    outgoing = Outgoing(
        id="n_1",
        channel="webchat",
        account="site",
        conversation="cv_1",
        reference="HB-7K2Q9",
        automatic=True,
        author="Maria Jensen",
        to=Identity(kind="chat", address="s"),
        text="Hi",
        at=host.clock.now(),
    )
    assert await chat.send(outgoing) == await chat.reconcile(outgoing) == Sent(message_id="n_1")
    mail = Identity(kind="email", address="ana@example.com")
    with pytest.raises(Refused, match="email account"):
        await chat.send(
            Outgoing(**{f: getattr(outgoing, f) for f in outgoing.__struct_fields__} | {"to": mail})
        )
    assert chat.routes() == ()


def test_without_accounts_there_are_no_pages() -> None:
    """An installation without web chat answers nothing under /chat."""
    assert adapter.pages({}) == ()
