import pytest

from channels.webchat import parse
from channels.webchat.errors import Refusal


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        "null",
        '"hello"',
        "{}",
        '{"type":"dance"}',
        '{"type":"message","client_id":1,"text":"x"}',
        b"\xff",
        '{"type":"message","client_id":"x","text":"\\ud800"}',
        '{"type":"hello","after":"many"}',
        "[" * 50_000,
    ],
)
def test_what_is_no_frame_is_refused(data: str | bytes) -> None:
    """Whatever a socket brings, the answer is a refusal and never another error."""
    with pytest.raises(Refusal, match="Not a frame"):
        parse.frame(data)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ana@Example.COM ", "ana@example.com"),
        ("ana+shop@mail.example.co.uk", "ana+shop@mail.example.co.uk"),
        ("ana@example", ""),
        ("ana@", ""),
        ("a@b@example.com", ""),
        ("<ana@example.com>", ""),
        ("ana@example.com, bob@example.com", ""),
        ("ana\n@example.com", ""),
        ("x" * 250 + "@example.com", ""),
    ],
)
def test_addresses_are_compared_in_lower_case(typed: str, kept: str) -> None:
    """One address has one form, and what is none is dropped."""
    assert parse.address(typed) == kept
