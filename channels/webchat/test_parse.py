import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from channels.webchat import parse
from channels.webchat.errors import Refusal
from channels.webchat.frames import Hello, Reach, Write
from channels.webchat.parse import Arrival
from channels.webchat.session import Pass

DATA = Path(__file__).parent / "testdata"
PAIRS = sorted(path.name.removesuffix(".in.json") for path in DATA.glob("*.in.json"))


def parsed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the message that the recorded frames make, or why there is none."""
    proved = msgspec.convert(given["proved"], Pass)
    arrival = msgspec.convert(given["arrival"], Arrival)
    by = parse.visitor(msgspec.convert(given["hello"], Hello), proved)
    try:
        frame = parse.frame(json.dumps(given["frame"]))
        if isinstance(frame, Write):
            return dict(json.loads(msgspec.json.encode(parse.message(frame, by, arrival))))
        assert isinstance(frame, Reach)
        return dict(json.loads(msgspec.json.encode(parse.contact(frame, by, arrival))))
    except Refusal as refusal:
        return {"refused": refusal.code}


@pytest.mark.parametrize("name", PAIRS)
def test_recorded_frames_become_the_expected_messages(name: str) -> None:
    """What a browser sent becomes the message written beside it."""
    given = json.loads((DATA / f"{name}.in.json").read_text(encoding="utf-8"))
    expected = json.loads((DATA / f"{name}.out.json").read_text(encoding="utf-8"))
    assert parsed(given) == expected


def test_every_input_has_an_expectation() -> None:
    """No recorded frame lies about unused."""
    assert PAIRS
    assert {path.name for path in DATA.iterdir()} == {
        f"{name}.{way}.json" for name in PAIRS for way in ("in", "out")
    }


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
