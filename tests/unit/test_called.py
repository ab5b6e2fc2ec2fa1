import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.called import first_name, line, safe_name


@pytest.mark.parametrize(
    ("name", "safe", "first"),
    [
        ("Ana", "Ana", "Ana"),
        ("  Ana   Pereira ", "Ana Pereira", "Ana"),
        ("Weber, Karin", "Karin Weber", "Karin"),
        ('"Karin Weber"', "Karin Weber", "Karin"),
        ("Karin Weber (Example GmbH)", "Karin Weber", "Karin"),
        ("Karin Weber via Forum", "Karin Weber", "Karin"),
        ("Dr. Karin Weber", "Dr. Karin Weber", "Dr. Karin Weber"),
        ("J.R. Smith", "J.R. Smith", "J.R. Smith"),
        ("Ludwig van der Rohe", "Ludwig van der Rohe", "Ludwig"),
        ("Ana 🌸", "Ana", "Ana"),
        ("李小龍", "李小龍", "李小龍"),
        ("\u202eAna\u200b", "Ana", "Ana"),
        ("you owe me money", "", ""),
        ("noreply", "", ""),
        ("Customer Service", "", ""),
        ("example.com", "", ""),
        ("ana@example.com", "", ""),
        ("Z\u0335\u0321\u0322\u0335\u0321\u0322", "", ""),
        ("", "", ""),
    ],
)
def test_names(name: str, safe: str, first: str) -> None:
    """A name is made fit for a note, or left out when it is hardly a name."""
    assert safe_name(name) == safe
    assert first_name(safe) == first


@given(st.text())
def test_nothing_harmful(name: str) -> None:
    """Whatever is given, a safe name is short, on one line, and made of letters and few signs."""
    safe = safe_name(name)
    assert len(safe) <= 60
    assert not set(safe) & set('@/\\<>{}[]()"|:;!?#$%^&*_~+=\r\n\t0123456789')
    assert safe.isprintable()


@given(st.text())
def test_line(text: str) -> None:
    """A line has no line break and no control character."""
    assert line(text).isprintable() or any(ord(each) > 127 for each in line(text))
    assert not set(line(text)) & set("\r\n\t\x00\u202e\u2028")
