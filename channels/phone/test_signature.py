import asyncio
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from channels.phone import signature
from tests.support.calling import office

TOKEN = "0123456789abcdef0123456789abcdef"
FORM = [
    ("CallSid", "CA0123456789abcdef0123456789abcdef"),
    ("From", "+4520123456"),
    ("Blank", ""),
    ("Name", "Æbleskiver & co = 100 %"),
    ("To", "+4570101010"),
]


@pytest.mark.parametrize(
    "url",
    [
        "https://help.example.com/hooks/phone/support",
        "https://help.example.com/hooks/phone/support/menu?n=4520123456&b=1",
        "http://127.0.0.1:8080/hooks/phone/support",
        "https://help.example.com:8443/sub/hooks/phone/support?x=%2B1",
    ],
)
def test_it_agrees_with_the_providers_own_library(url: str) -> None:
    """Both compute the same, in both directions, blank values and repeated names included."""
    theirs = RequestValidator(TOKEN)
    assert signature.sign(TOKEN, url, FORM) == theirs.compute_signature(url, dict(FORM))
    assert theirs.validate(url, dict(FORM), signature.sign(TOKEN, url, FORM))
    path = url.split("/", 3)[3]
    base = url[: -len(path) - 1]
    signed = theirs.compute_signature(url, dict(FORM))
    assert signature.right(TOKEN, signed, signature.written(base, f"/{path}"), FORM)


def test_the_usual_port_may_be_written_or_not() -> None:
    """The provider writes it or leaves it out; any other port has to be there."""
    for public, wanted in (
        ("https://a.example", {"https://a.example/x?y=1", "https://a.example:443/x?y=1"}),
        ("https://a.example:443", {"https://a.example/x?y=1", "https://a.example:443/x?y=1"}),
        ("http://a.example", {"http://a.example/x?y=1", "http://a.example:80/x?y=1"}),
        ("https://a.example:8443", {"https://a.example:8443/x?y=1"}),
        ("https://a.example/help/", {"https://a.example/help/x?y=1", "https://a.example:443/help/x?y=1"}),
    ):
        assert set(signature.written(public, "/x?y=1")) == wanted
    assert signature.written("https://a.example/help", "/help/x")[0] == "https://a.example/help/x"


def test_a_form_is_read_strictly() -> None:
    """Blank values count, a plus is a space unless it is escaped, and what is no form is refused."""
    assert signature.fields(b"a=&b=%2B1+2&a=3") == [("a", ""), ("b", "+1 2"), ("a", "3")]
    for wrong in (b"a", b"a=1&b", b"a=%ff", "&".join(f"a{n}=1" for n in range(300)).encode()):
        with pytest.raises(ValueError, match=r"bad query field|codec|Max number"):
            signature.fields(wrong)


async def test_whoever_is_not_the_provider_is_refused() -> None:
    """No signature, another key's, every flipped byte, one for another address: 403, and nothing comes in."""
    async with office(calling=False) as at:
        path = "/hooks/phone/test/about?n=4522500100&w=now"
        body = urlencode([*FORM[:2], ("SpeechResult", "Where is my parcel?")])
        url = at.url + path
        token = at.phone.account.settings.auth_token
        right = signature.sign(token, url, signature.fields(body.encode()))

        async def status(given: str | None, text: str = body, to: str = url) -> int:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            if given is not None:
                headers["X-Twilio-Signature"] = given
            async with at.session.post(to, data=text, headers=headers) as answer:
                return answer.status

        flipped = [body[:n] + chr(ord(body[n]) ^ 1) + body[n + 1 :] for n in range(len(body))]
        wrong = [
            status(None),
            status(""),
            status(signature.sign("another", url, signature.fields(body.encode()))),
            status(right, to=f"{url}1"),
            status(right, to=at.url + "/hooks/phone/test/done?n=4522500100&w=now"),
            *(status(right, text) for text in flipped),
            *(
                status(right[:n] + ("A" if right[n] != "A" else "B") + right[n + 1 :])
                for n in range(len(right))
            ),
        ]
        assert set(await asyncio.gather(*wrong)) == {403}
        assert at.host.delivered == []
        assert await status(right) == 200
        assert [one.text for one in at.host.delivered] == ["Where is my parcel?"]
        assert set(await asyncio.gather(*(status(right) for _ in range(100)))) == {200}
        assert len(at.host.delivered) == 1


async def test_what_is_too_large_or_no_call_is_refused() -> None:
    """A body above the limit, a form without a call, a step that does not exist."""
    async with office(calling=False) as at:
        token = at.phone.account.settings.auth_token

        async def status(path: str, form: list[tuple[str, str]], *, pad: int = 0) -> int:
            given = [*form, ("Pad", "x" * pad)] if pad else form
            headers = {"X-Twilio-Signature": signature.sign(token, at.url + path, given)}
            async with at.session.post(at.url + path, data=dict(given), headers=headers) as answer:
                return answer.status

        assert await status("/hooks/phone/test", FORM, pad=70_000) == 413
        assert await status("/hooks/phone/test", [("From", "+4520123456")]) == 400
        assert await status("/hooks/phone/test/nothing", FORM) == 404
        assert await status("/hooks/phone/test", FORM) == 200
