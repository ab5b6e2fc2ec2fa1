import asyncio
import os
import signal
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.imap import utf7
from channels.email.imap_wire import Answer, read
from channels.email.mime import address, charset, header
from channels.email.mime.pool import Pool
from channels.email.position import Position, arrived, imap_day, load, mark
from channels.email.recorded import VIEW
from channels.email.trouble import ServerTrouble
from channels.message import Kind

PLAIN = b"From: ana@example.org\r\nTo: help@example.com\r\nSubject: x\r\n\r\nhello\r\n"


async def answer(data: bytes, largest: int = 1000) -> Answer:
    """Read one answer from these bytes."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read(reader, 1.0, largest)


async def test_literals_strings_and_lists_are_told_apart() -> None:
    """A FETCH with a literal in the middle becomes nested lists."""
    found = await answer(
        b'* 12 FETCH (UID 7 BODY[HEADER.FIELDS (DATE)] {5}\r\na)"\r\n FLAGS (\\Seen) X "q\\"z" Y NIL)\r\n'
    )
    assert found.what == "FETCH"
    assert found.items[2] == [
        "UID", "7", "BODY[HEADER.FIELDS (DATE)]", b'a)"\r\n', "FLAGS", ["\\Seen"], "X", b'q"z', "Y", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"", b"* OK", b"* 1 FETCH {5}\r\nab", b"* 1 FETCH {5000}\r\n", b"* " + b"(" * 50 + b"\r\n"]
)
async def test_a_broken_answer_is_trouble_and_nothing_else(data: bytes) -> None:
    """A server that hangs up, promises too much or nests without end is given up."""
    with pytest.raises(ServerTrouble):
        await answer(data)


@given(st.binary(max_size=200))
async def test_no_answer_makes_the_client_fail(data: bytes) -> None:
    """Any bytes are an answer or trouble."""
    try:
        await answer(data)
    except ServerTrouble:
        return


@pytest.mark.parametrize(
    ("folder", "coded"),
    [("INBOX", "INBOX"), ("Gesendete Entwürfe", "Gesendete Entw&APw-rfe"), ("A&B", "A&-B")],
)
def test_folder_names_in_modified_utf7(folder: str, coded: str) -> None:
    """Letters beyond ASCII and the ampersand are coded as RFC 3501 says."""
    assert utf7(folder) == coded


def test_a_position_survives_its_cursor() -> None:
    """It is read back as saved, remembers the newest marks, and rubbish counts as never read."""
    start = Position(uidvalidity=7, uid=1, connected="2026-11-01T09:00:00+00:00")
    position = start.taken(9, [f"m{number}" for number in range(500)], "2026-11-21T09:00:00+00:00")
    assert load(position.dump()) == position
    assert len(position.marks) == 400
    assert position.marks[-1] == "m499"
    assert str(position.unknown_since()) == "2026-11-19"
    assert str(start.unknown_since()) == "2026-10-30"
    assert position.before_us("2026-11-01T08:50:00+00:00")
    assert not position.before_us("2026-11-01T08:56:00+00:00")
    assert not position.before_us("")
    assert load("rubbish") is None
    assert load("") is None


def test_marks_do_not_depend_on_what_was_fetched() -> None:
    """The whole mail and its four header fields have the same mark."""
    fields = b"from: a@b\r\nMESSAGE-ID: <1@x>\r\nSubject: one\r\n  two\r\n\r\n"
    whole = b"Received: x\r\nMessage-Id:   <1@x>\r\nFrom: a@b\r\nSubject: one two\r\nX: y\r\n\r\nDate: not a header"
    assert mark(whole) == mark(fields)
    assert mark(b"X: y\r\n\r\n") == ""


def test_dates_of_imap() -> None:
    """INTERNALDATE is read, and days are written in English whatever the locale."""
    assert arrived(b" 1-Nov-2026 10:00:00 +0200") == "2026-11-01T08:00:00+00:00"
    assert arrived(b"rubbish") == ""
    assert imap_day(date(2026, 5, 3)) == "3-May-2026"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("ana@example.org", [("", "ana@example.org")]),
        ("Ana <ana@example.org>", [("Ana", "ana@example.org")]),
        (
            '"Berg, Ana" <ana@example.org>, bob@example.org',
            [("Berg, Ana", "ana@example.org"), ("", "bob@example.org")],
        ),
        ("ana@example.org (Ana (work))", [("Ana (work)", "ana@example.org")]),
        ("Team: a@x.org, b@x.org;, c@x.org", [("", "a@x.org"), ("", "b@x.org"), ("", "c@x.org")]),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("not an address", []),
        ("a@b@c.org", []),
        ('"a@evil.org" <ana@example.org>', [("a@evil.org", "ana@example.org")]),
        ('"unclosed <ana@example.org>', [("unclosed", "ana@example.org")]),
    ],
)
def test_addresses_are_found(field: str, found: list[tuple[str, str]]) -> None:
    """Names, comments, groups and quotes are read; what is no address is left out."""
    assert address.addresses(field) == found


@given(st.text(max_size=300))
def test_no_field_makes_the_address_reader_fail(field: str) -> None:
    """Whatever it finds can be sent to."""
    assert all(address.valid(each) for _, each in address.addresses(field))


def test_equal_mailboxes_have_equal_addresses() -> None:
    """Case and the spelling of the domain do not count."""
    assert address.normal("Ana@EXÄMPLE.org.") == address.normal("ana@xn--exmple-cua.org")
    assert address.unplus("help+x+y@example.com") == ("help@example.com", "x+y")


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "unicode_escape", "zip", "hex", "undefined", "\x00", "a" * 500]
)
def test_codecs_that_are_no_charsets_are_not_used(label: str) -> None:
    """Python's other codecs are ignored, dangerous or not."""
    assert charset.decode("Grüße".encode(), label) == "Grüße"


def test_encoded_words_of_any_number_are_linear() -> None:
    """A hundred thousand of them, open or closed, are read in one go."""
    assert len(header.words("=?utf-8?q?a?= " * 100_000)) < 200_000
    assert header.words("=?utf-8?q?" * 100_000)


async def test_a_mail_too_heavy_for_its_reader_comes_back_unreadable() -> None:
    """Nesting, and files beyond the memory of the reader, cost that mail only."""
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n) for n in range(1000)
    )
    async with Pool(2) as pool:
        heavy, plain = await asyncio.gather(pool.parse(nested, VIEW), pool.parse(PLAIN, VIEW))
    assert heavy.kind is Kind.UNREADABLE
    assert "nested" in heavy.reason
    assert plain.text == "hello"


@pytest.mark.faults
async def test_a_killed_reader_is_replaced() -> None:
    """The mail is read by another, and the next one too."""
    async with Pool(1) as pool:
        await pool.parse(PLAIN, VIEW)
        os.kill(pool._idle[0].process.pid, signal.SIGKILL)
        assert (await pool.parse(PLAIN, VIEW)).text == "hello"
        assert (await pool.parse(PLAIN, VIEW)).text == "hello"


async def test_a_cancelled_reading_leaves_the_pool_in_order() -> None:
    """What was given up is not mistaken for the answer to the next mail."""
    async with Pool(1) as pool:
        await pool.parse(PLAIN, VIEW)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0):
                await pool.parse(PLAIN.replace(b"hello", b"first"), VIEW)
        assert (await pool.parse(PLAIN.replace(b"hello", b"second"), VIEW)).text == "second"
