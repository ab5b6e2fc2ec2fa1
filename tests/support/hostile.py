"""Mails built to stall, to exhaust or to break whoever reads them; sizes as once measured against Python's reader."""

import base64
from collections.abc import Callable, Mapping

_WHO = b"From: Eve <eve@example.org>\r\nTo: help@example.com\r\nSubject: hostile\r\n"


def _params() -> bytes:
    many = b";\r\n ".join(b"a%d=b" % number for number in range(5_000))
    return _WHO + b"Content-Type: text/plain; " + many + b"\r\n\r\nhello\r\n"


def _recipients(count: int) -> bytes:
    many = b",\r\n ".join(b"a%d@b.example" % number for number in range(count))
    return (
        b"From: eve@example.org\r\nSubject: hostile\r\nTo: help@example.com,\r\n "
        + many
        + b"\r\n\r\nhello\r\n"
    )


def _parts() -> bytes:
    return _WHO + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"--B\r\n\r\nx\r\n" * 100_000


def _nested(depth: int) -> bytes:
    layers = (b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n) for n in range(depth))
    return _WHO + b"".join(layers) + b"\r\nhello\r\n"


def _comments(depth: int) -> bytes:
    opened = b"(" * depth + b"<eve@example.org>\r\n"
    return b"To: help@example.com\r\nSubject: hostile\r\nFrom: " + opened + b"\r\nhello\r\n"


def _words() -> bytes:
    many = b"\r\n ".join([b"=?utf-8?q?abcd?="] * 8_000)
    return b"From: eve@example.org\r\nTo: help@example.com\r\nSubject: " + many + b"\r\n\r\nhello\r\n"


def _base64_of(size: int) -> bytes:
    data = base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n")
    return (
        _WHO + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--B\r\nContent-Type: application/zip; name=zeros.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + data + b"--B--\r\n"
    )  # fmt: skip


#: By name: what builds it.
MAILS: Mapping[str, Callable[[], bytes]] = {
    "5000 parameters": _params,
    "2000 recipients": lambda: _recipients(2_000),
    "16000 recipients": lambda: _recipients(16_000),
    "100000 parts": _parts,
    "300 nested parts": lambda: _nested(300),
    "1000 nested parts": lambda: _nested(1_000),
    "2000 nested comments": lambda: _comments(2_000),
    "8000 encoded words": _words,
    "1000 nested mails": lambda: _WHO + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"\r\nhello\r\n",
    "100000 headers": lambda: _WHO + b"".join(b"X-%d: a\r\n" % n for n in range(100_000)) + b"\r\nhello\r\n",
    "one header of 1 MB": lambda: _WHO + b"X-Long: " + (b"a" * 900 + b"\r\n ") * 1_100 + b"\r\n\r\nhello\r\n",
    "quotes without end": lambda: _WHO.replace(b"hostile", b"Re: hostile") + b"\r\n" + b"On " * 20_000 + b"wrote\r\n",
    "blank lines": lambda: _WHO.replace(b"hostile", b"Re: hostile") + b"\r\n" + b" \r\n" * 50_000 + b"hello\r\n",
    "punycode": lambda: _WHO + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 200_000 + b"\r\n",
    "deep HTML": lambda: _WHO + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"hello\r\n",
    "tables in tables": lambda: _WHO + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 10_000 + b"hello\r\n",
    "18 MB attachment": lambda: _base64_of(18 * 1024 * 1024),
    "one line of 2 MB": lambda: _WHO + b"\r\n" + b"a" * 2_000_000 + b"\r\n",
    "no boundary": lambda: _WHO + b"Content-Type: multipart/mixed\r\n\r\nhello\r\n",
    "NUL bytes": lambda: _WHO + b"\r\n" + bytes(10_000) + b"hello\r\n",
}  # fmt: skip
