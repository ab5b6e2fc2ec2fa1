import pytest

from channels.registry import check
from channels.webchat.tryout import try_out
from router.testing.channel import RecordingHost


async def tried(public_url: str, *origins: str) -> list[tuple[bool, str]]:
    """Return how the origins are judged; the page itself is not there."""
    host = RecordingHost("webchat", check("webchat", {"origins": list(origins)}, "test"))
    host.public_url = public_url
    found = [one async for one in try_out(host)]
    assert not found[0].ok
    assert "cannot be reached" in found[0].what
    return [(one.ok, one.mend) for one in found[1:-1]]


@pytest.mark.parametrize(
    ("public_url", "origin", "ok", "mended"),
    [
        ("http://127.0.0.1:1", "https://www.example.com", True, ""),
        ("http://127.0.0.1:1", "https://*.example.com", True, ""),
        ("http://127.0.0.1:1", "https://example.com", True, "www.example.com"),
        ("http://127.0.0.1:1", "http://www.example.com", True, "https://www.example.com"),
        ("http://127.0.0.1:1", "http://localhost:3000", True, ""),
        ("http://127.0.0.1:1", "https://*.com", False, "https://*.example.com"),
        ("http://help.invalid:1", "https://www.example.com", False, "https address"),
    ],
)
async def test_an_origin_is_judged_as_browsers_will(
    public_url: str, origin: str, *, ok: bool, mended: str
) -> None:
    """What cannot work is a fault, what is likely a slip is advice."""
    ((found, mend),) = await tried(public_url, origin)
    assert found is ok
    assert mended in mend
    assert bool(mended) is bool(mend)


async def test_a_chat_without_origins_is_told_how_to_be_shown() -> None:
    """Only our own page has it, and that may be what was wanted."""
    ((ok, mend),) = await tried("http://127.0.0.1:1")
    assert ok
    assert "origins = " in mend
