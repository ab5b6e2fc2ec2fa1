from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.mime.light import light
from channels.email.parse import Tools, parse, unreadable
from channels.email.recorded import VIEW
from channels.email.view import Parsed
from channels.message import Kind

HERE = Path(__file__).parent / "testdata"
CASES = sorted(HERE.glob("*.in.eml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".in.eml"))
def test_what_is_light_reads_the_same_in_place(case: Path) -> None:
    """A mail that is read in place loses nothing by the steps left out there."""
    raw = case.read_bytes()
    if light(raw):
        assert parse(raw, VIEW, Tools(strip=str.upper, html_text=str.upper)) == parse(raw, VIEW)


def test_most_plain_mails_are_light() -> None:
    """The plain case is read in place; replies, HTML and containers are not."""
    names = {path.name.removesuffix(".in.eml") for path in CASES if light(path.read_bytes())}
    assert {"plain", "koi8", "nul_bytes"} <= names
    assert not names & {"reply_gmail", "html_only", "apple_mixed", "bounce", "reply_below"}


def test_the_same_mail_by_two_ways_has_one_fingerprint() -> None:
    """Trace headers and line ends do not count; sender, id and text do."""
    raw = (HERE / "plain.in.eml").read_bytes()
    relayed = b"Received: from elsewhere\r\n" + raw.replace(b"\r\n", b"\n")
    forged = raw.replace(b"ana@example.org>", b"eve@example.org>")
    changed = raw.replace(b"Monday", b"Tuesday")
    found = [parse(each, VIEW).fingerprint for each in (raw, relayed, forged, changed)]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_references_are_capped_and_nearest_last() -> None:
    """A thousand references become thirty, with the first and the last ones kept."""
    cited = " ".join(f"<{number}@x.example>" for number in range(1000))
    raw = f"From: a@b.example\r\nReferences: {cited}\r\nIn-Reply-To: <999@x.example>\r\n\r\nhi".encode()
    references = parse(raw, VIEW).references
    assert len(references) == 30
    assert references[0] == "0@x.example"
    assert references[-1] == "999@x.example"


def test_an_unreadable_mail_still_names_its_sender() -> None:
    """From and Subject are shown where they can be found without reading the mail."""
    raw = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Ana <Ana@Example.org>\r\n\r\n..."
    found = unreadable(raw, "its reader died")
    assert found.kind is Kind.UNREADABLE
    assert found.sender.address == "ana@example.org"
    assert found.subject == "Grüße"
    assert "its reader died" in found.reason


def test_text_beyond_what_anybody_reads_is_cut() -> None:
    """The text is cut with a hint; the raw mail has it all."""
    found = parse(b"From: a@b.example\r\n\r\n" + b"word " * 100_000, VIEW)
    assert len(found.text) < 101_000
    assert "download" in found.text


_LINES = st.sampled_from(
    [
        b"From: a@b.example", b"From: =?utf-8?b?w?= <a@b>", b"From: ((((<a@b.example>", b"To: help@example.com",
        b"Subject: =?x?q?=ff?= Re: \x00\xff", b"Content-Type: multipart/mixed; boundary=B", b"--B", b"--B--",
        b"Content-Type: text/plain; charset=utf-7", b"Content-Type: text/html; charset=utf-16", b"",
        b"Content-Type: message/rfc822", b'Content-Type: multipart/report; boundary="B', b"> quoted",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x-uuencode", b"begin 644 \xff",
        b"Content-Disposition: attachment; filename*0*=x''%ff; filename*1=%", b"Date: 31 Feb 99999 25:61 +9999",
        b"Message-ID: <hb.x@example.com>", b"Return-Path: <>", b"References: <<<>>> <a@b", b"\tfolded",
        b"Authentication-Results: mx.example.com; dmarc=((((fail", b"On x, y wrote:", b"=?utf-8?q?" * 20,
        b"Content-Type: text/plain; charset*=ascii'en'utf%2d8; format=flowed", b"<div" * 50, b"&#xD800;",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(_LINES, st.binary(max_size=60)), max_size=30), st.sampled_from([b"\r\n", b"\n", b"\r"])
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_becomes_a_value(lines: list[bytes], ending: bytes) -> None:
    """No bytes make the reader fail, and what it gives can be stored and read back."""
    parsed = parse(ending.join(lines), VIEW)
    assert parsed.sender.address.count("@") == 1
    assert "\x00" not in parsed.text + parsed.subject + parsed.full_text
    encoded = msgspec.msgpack.encode(parsed)
    assert msgspec.msgpack.decode(encoded, type=Parsed) == parsed
    msgspec.json.encode(parsed)


@given(st.binary(max_size=2000))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_never_a_note_to_nobody(raw: bytes) -> None:
    """Without a sender that can be answered there is no note."""
    parsed = parse(raw, VIEW)
    assert parsed.no_note or not parsed.sender.address.endswith(".invalid")


@pytest.mark.parametrize(
    ("reply_to", "asked"),
    [
        ("Ana <Ana@customer.example>", "ana@customer.example"),
        ("ana@customer.example, bob@customer.example", ""),
        ("ana@customer.example\r\nReply-To: bob@customer.example", ""),
        ("WordPress@shop.example", ""),
        ("help+x@example.com", ""),
        ("nobody", ""),
    ],
)
def test_where_a_sender_asks_to_be_answered(reply_to: str, asked: str) -> None:
    """One other address in Reply-To is where people's answers go; several, our own or none are not."""
    head = f"From: Shop <wordpress@shop.example>\r\nTo: help@example.com\r\nReply-To: {reply_to}\r\n"
    parsed = parse(f"{head}\r\nhi".encode(), VIEW)
    assert (parsed.answer_to.address if parsed.answer_to else "") == asked
    assert parsed.sender.address == "wordpress@shop.example"
    forged = "Authentication-Results: mx.example.com; dmarc=fail\r\n"
    assert parse(f"{forged}{head}\r\nhi".encode(), VIEW).answer_to is None
