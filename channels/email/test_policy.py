import pytest

from channels.email import policy

KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"


@pytest.mark.parametrize(
    ("texts", "sender", "ok", "said"),
    [
        (["v=spf1 include:_spf.google.com -all"], "smtp.gmail.com", True, "has an SPF record"),
        (["v=spf1 ip4:192.0.2.1 -all"], "mail.example.com", True, "has an SPF record"),
        (["V=SPF1 redirect=_spf.example.net"], "smtp.gmail.com", True, "has an SPF record"),
        (["google-site-verification=x"], "smtp.gmail.com", False, "has no SPF record"),
        (["v=spf10 -all"], "mail.example.com", False, "has no SPF record"),
        (["v=spf1 -all", "v=spf1 mx -all"], "mail.example.com", False, "has 2 SPF records"),
        (["v=spf1 mx +all"], "mail.example.com", False, "lets everybody send"),
        (["v=spf1 mx all"], "mail.example.com", False, "lets everybody send"),
        (["v=spf1 mx -all"], "smtp.office365.com", False, "does not name smtp.office365.com"),
        (["v=spf1 " + "include:a.example " * 11 + "-all"], "mail.example.com", False, "needs 11 look-ups"),
    ],
)
def test_what_spf_means_to_receivers(texts: list[str], sender: str, *, ok: bool, said: str) -> None:
    """A record that is missing, doubled, open, too long or without our relay is named with what to write."""
    found = policy.spf("example.com", texts, sender)
    assert found.ok is ok
    assert said in found.what
    assert ok or found.mend


def test_the_missing_record_is_written_out() -> None:
    """Where we know the relay, the record to publish can be copied."""
    found = policy.spf("example.com", [], "email-smtp.eu-north-1.amazonaws.com")
    assert 'example.com: "v=spf1 include:amazonses.com -all"' in found.mend


@pytest.mark.parametrize(
    ("keys", "ok", "said"),
    [
        ({"google": [KEY], "k1": []}, True, "publishes keys for DKIM: google"),
        ({"s1": ["v=DKIM1; p="], "s2": [KEY]}, True, "s2"),
        ({"s1": ["v=DKIM1; p="]}, False, "are withdrawn: s1"),
        ({"s1": [], "s2": ["something else"]}, True, "No DKIM key"),
    ],
)
def test_which_keys_are_published(keys: dict[str, list[str]], *, ok: bool, said: str) -> None:
    """A key counts, a withdrawn one is a fault, and none under the usual names is a hint."""
    found = policy.dkim("example.com", keys)
    assert (found.ok, said in found.what) == (ok, True)


@pytest.mark.parametrize(
    ("texts", "ok", "mended"),
    [
        (["v=DMARC1; p=reject"], True, False),
        (["v = DMARC1 ; p = none"], True, False),
        ([], True, True),
        (["v=DMARC1; sp=none"], False, True),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], False, True),
    ],
)
def test_what_dmarc_means_to_receivers(texts: list[str], *, ok: bool, mended: bool) -> None:
    """None is advice, one that cannot be read is a fault."""
    found = policy.dmarc("example.com", texts)
    assert (found.ok, bool(found.mend)) == (ok, mended)


def test_domains_above_are_asked_too() -> None:
    """A sub-domain is spoken for by its domain, never by a top-level domain."""
    assert policy.above("mail.shop.example.com") == [
        "mail.shop.example.com",
        "shop.example.com",
        "example.com",
    ]
    assert policy.above("example.com") == ["example.com"]
    assert policy.above("localhost") == ["localhost"]
