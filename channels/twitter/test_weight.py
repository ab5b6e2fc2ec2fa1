import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.twitter.weight import LONGEST, has_url, split, weight
from sandbox.x.count import length

WORDS = st.lists(
    st.sampled_from(
        ["word", "a", "Überraschung", "Ёлка", "犬が好き。", "👨‍👩‍👧‍👦", "👍🏽", "🇩🇰", "café", "é" * 40, "x" * 300,
         "https://example.com/" + "p" * 90, "end.", "really?", "3.5", "1️⃣", "\n", "\n\n", "…", "“quoted”"]
    ),
    max_size=80,
).map(" ".join)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Hello, world!", 13),
        ("café", 4),
        ("cafe\u0301", 4),
        ("Привет", 6),
        ("こんにちは", 10),
        ("👾", 2),
        ("🙋🏽", 2),
        ("👨‍🎤", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇰", 2),
        ("1️⃣", 2),
        ("❤️", 2),
        ("see https://example.com", 4 + 23),
        ("see https://example.com/very/long/path?with=1&more=2", 4 + 23),
        ("see example.com now", 4 + 23 + 4),
        ("“quoted” – yes…", 15 + 1),
    ],
)
def test_characters_count_as_x_counts_them(text: str, expected: int) -> None:
    """The examples of X's own page on counting characters."""
    assert weight(text) == expected


@given(WORDS)
def test_parts_fit_and_nothing_is_lost(text: str) -> None:
    """Each part fits by our count and by the stand-in's; together they have every word of the text."""
    parts = split(text)
    assert all(0 < weight(part) <= LONGEST and length(part) <= LONGEST for part in parts if text.strip())
    assert "".join("".join(parts).split()) == "".join(split(text, 10**9)[0].split())


def test_a_text_is_cut_between_sentences() -> None:
    """The cut lies behind a sentence; a part does not begin or end with a space."""
    sentence = "The parcel left our house on Monday and will be with you soon."
    parts = split(" ".join([sentence] * 9))
    assert len(parts) == 3
    assert all(part.endswith("soon.") and part.startswith("The") for part in parts)


def test_a_long_word_is_cut_and_a_link_is_not() -> None:
    """Where there is no space a cut lies between characters, but never inside a link."""
    assert [len(part) for part in split("x" * 600)] == [280, 280, 40]
    link = "https://example.com/" + "a" * 60
    parts = split("y" * 270 + " " + link)
    assert parts == ["y" * 270, link]
    assert split("犬" * 200) == ["犬" * 140, "犬" * 60]


def test_what_fits_stays_whole() -> None:
    """280 by X's count is one part, one more makes two; nothing at all is one empty part."""
    assert split("x" * 280) == ["x" * 280]
    assert len(split("x" * 281)) == 2
    assert split("  ") == [""]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://example.com", True),
        ("see www.example.com/path", True),
        ("see example.com.", True),
        ("by 15.40 today", False),
        ("by 3.5.2026, e.g. i.e. U.S.", False),
        ("mail ana@example.com", False),
        ("Hi Ana, I'm Maria. I'll answer here by 15:40 (Copenhagen time).", False),
    ],
)
def test_what_x_would_link_is_known(text: str, link: bool) -> None:  # noqa: FBT001  # a row of the table
    """Addresses of pages are links, with and without scheme; times, dates and short forms are not."""
    assert has_url(text) is link
