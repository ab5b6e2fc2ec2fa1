import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from channels.webchat.errors import Denied
from channels.webchat.frames import Claimed
from channels.webchat.session import Sessions

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
SHARED = "shared-with-the-site"
SESSIONS = Sessions(secret=b"s" * 32, identity_secret=SHARED, lifetime_s=86400.0)


def signed(identifier: str, *, secret: str = SHARED, **attributes: str) -> Claimed:
    """Return an identity as a site signs it."""
    text = json.dumps(attributes) if attributes else ""
    return Claimed(
        identifier=identifier,
        identifier_hash=hexed(secret, identifier),
        attributes=text,
        attributes_hash=hexed(f"{secret}:attributes", f"{identifier}\n{text}") if text else "",
    )


def hexed(secret: str, text: str) -> str:
    """Return the signature as a site computes it."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_a_token_brings_its_visitor_back() -> None:
    """What was issued is understood again, and two visitors never share a session."""
    first, second = SESSIONS.new(NOW), SESSIONS.new(NOW)
    assert SESSIONS.check(SESSIONS.token(first), NOW) == first
    assert first.session != second.session
    assert not first.verified


def test_every_flipped_character_of_a_token_is_noticed() -> None:
    """No single change of a token, not even one that decodes to the same bytes, is let in."""
    token = SESSIONS.token(SESSIONS.new(NOW))
    for place, right in enumerate(token):
        for wrong in {"A", "b", "_", ".", "é", chr(ord(right) ^ 1)} - {right}:
            with pytest.raises(Denied):
                SESSIONS.check(token[:place] + wrong + token[place + 1 :], NOW)


@pytest.mark.parametrize("token", ["", ".", "a.b", "A" * 10_000, "e30.e30", "…"])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Nonsense is refused like a forgery."""
    with pytest.raises(Denied):
        SESSIONS.check(token, NOW)


def test_a_token_of_another_account_is_refused() -> None:
    """Accounts have secrets of their own."""
    other = Sessions(secret=b"o" * 32, identity_secret="", lifetime_s=86400.0)
    with pytest.raises(Denied):
        SESSIONS.check(other.token(other.new(NOW)), NOW)


def test_a_token_ends_and_is_renewed() -> None:
    """A visitor who comes back in time stays; one who comes too late begins anew."""
    given = SESSIONS.new(NOW)
    late = NOW + timedelta(hours=23)
    assert SESSIONS.renewed(SESSIONS.check(SESSIONS.token(given), late), late).expires > given.expires
    with pytest.raises(Denied) as caught:
        SESSIONS.check(SESSIONS.token(given), NOW + timedelta(hours=24))
    assert caught.value.code == "expired"


def test_a_signed_identity_has_one_thread_for_ever() -> None:
    """The same person gets the same thread, whatever is signed beside it; another person another one."""
    first = SESSIONS.identify(signed("42", tier="premium", name="Ana", email="ana@example.com"), NOW)
    assert (first.name, first.email, first.attributes) == ("Ana", "ana@example.com", {"tier": "premium"})
    assert first.verified
    assert SESSIONS.identify(signed("42"), NOW).session == first.session
    assert SESSIONS.identify(signed("43"), NOW).session != first.session
    changed = Sessions(secret=b"s" * 32, identity_secret="a-newer-shared-one", lifetime_s=1.0)
    assert changed.identify(signed("42", secret="a-newer-shared-one"), NOW).session == first.session


def test_every_flipped_character_of_an_identity_is_noticed() -> None:
    """Neither the identifier, nor the attributes, nor a signature can be changed."""
    right = signed("customer-42", tier="premium")
    for field in ("identifier", "identifier_hash", "attributes", "attributes_hash"):
        text = getattr(right, field)
        for place in range(len(text)):
            flipped = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            fields = {each: getattr(right, each) for each in right.__struct_fields__} | {field: flipped}
            with pytest.raises(Denied):
                SESSIONS.identify(Claimed(**fields), NOW)


def test_a_signature_of_one_thing_is_none_of_another() -> None:
    """Somebody who picks their own user name cannot have it signed as somebody else's attributes."""
    hostile = signed('42\n{"tier": "premium"}')
    stolen = Claimed(
        identifier="42",
        identifier_hash=hexed(SHARED, "42"),
        attributes='{"tier": "premium"}',
        attributes_hash=hostile.identifier_hash,
    )
    for claimed in (hostile, stolen):
        with pytest.raises(Denied):
            SESSIONS.identify(claimed, NOW)


def test_attributes_are_texts_only() -> None:
    """A signed value that is no text is refused with what is wrong, not guessed at."""
    text = '{"age": 7}'
    claimed = Claimed(
        identifier="42",
        identifier_hash=hexed(SHARED, "42"),
        attributes=text,
        attributes_hash=hexed(f"{SHARED}:attributes", f"42\n{text}"),
    )
    with pytest.raises(Denied, match="JSON object of texts"):
        SESSIONS.identify(claimed, NOW)


def test_without_a_shared_secret_nobody_is_verified() -> None:
    """An empty secret is not a secret that everybody knows."""
    open_one = Sessions(secret=b"s" * 32, identity_secret="", lifetime_s=1.0)
    with pytest.raises(Denied, match="identity_secret"):
        open_one.identify(signed("42", secret=""), NOW)


@pytest.mark.parametrize("token", ["\udcff", "\udcff.x", "x.\udcff"])
def test_bytes_that_are_no_text_are_denied(token: str) -> None:
    """A header may hold any bytes; they are no token, and no error of ours."""
    with pytest.raises(Denied):
        SESSIONS.check(token, NOW)
