import pytest

from channels.errors import Misconfigured
from channels.webchat.origins import Origins


def origins(*listed: str, public_url: str = "https://help.example.com") -> Origins:
    """Return the origins of an account."""
    return Origins(listed, public_url=public_url, where="channels.webchat.site.origins")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://help.example.com", True),
        ("https://www.example.com", True),
        ("https://WWW.example.com", True),
        ("https://a.shops.example", True),
        ("https://a.b.shops.example", True),
        ("https://shops.example", False),
        ("https://evilshops.example", False),
        ("http://www.example.com", False),
        ("https://www.example.com:8443", False),
        ("https://www.example.com.evil.test", False),
        ("https://evil.test/https://www.example.com", False),
        ("https://evil.test/.shops.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_listed_origins_pass(origin: str, allowed: bool) -> None:  # noqa: FBT001  # a table
    """Scheme, host and port must all be right, and look-alikes are not."""
    assert origins("https://www.example.com:443", "https://*.shops.example/").allows(origin) is allowed


def test_loopback_has_three_names() -> None:
    """On one machine it does not matter which name of it stands in the address bar."""
    local = origins(public_url="http://localhost:8080")
    for name in ("localhost", "127.0.0.1", "[::1]"):
        assert local.allows(f"http://{name}:8080")
    assert not local.allows("http://127.0.0.1:9090")


@pytest.mark.parametrize(
    "wrong", ["*", "example.com", "https://example.com/shop", "ftp://example.com", "https://*", ""]
)
def test_what_is_no_origin_is_named(wrong: str) -> None:
    """A wrong entry says where it stands and what to write instead."""
    with pytest.raises(Misconfigured, match=r"channels.webchat.site.origins: .* https://www.example.com"):
        origins(wrong)
