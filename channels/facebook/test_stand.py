import asyncio
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web

from sandbox.faults import Fault
from sandbox.meta.errors import Trouble
from sandbox.meta.fields import select
from sandbox.meta.stand import SECRET, MetaStand
from sandbox.meta.world import PAGE, World
from sandbox.stand import Site


async def call(stand: MetaStand, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
    """Call the Graph API as our app does; return status and JSON."""
    token = stand.graph.token
    proof = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    query = {"access_token": token, "appsecret_proof": proof, **query}
    url = f"{stand.url}/{query.pop('version', 'v26.0')}/{path}"
    async with ClientSession() as session:
        method = "GET" if body is None else "POST"
        async with session.request(method, url, params=query, json=body) as answer:
            return answer.status, await answer.json()


def text_to(person: str, text: str = "Hello", **more: str) -> dict[str, Any]:
    """Return the body of a message."""
    return {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {"text": text}, **more}


async def test_fields_come_back_as_asked() -> None:
    """Only what was asked for, nested lists cut to their limit, and the id always."""
    row = {"id": "1", "name": "x", "messages": {"data": [{"id": "a", "m": 1}, {"id": "b", "m": 2}]}}
    assert select(row, "name") == {"id": "1", "name": "x"}
    cut = select(row, "messages.limit(1){m}")["messages"]
    assert cut["data"] == [{"id": "a", "m": 1}]
    assert cut["paging"]["cursors"]["after"] == "a"
    assert "next" in cut["paging"]
    with pytest.raises(Trouble):
        select(row, "a b{")


async def test_the_window_is_held(stand: MetaStand) -> None:
    """24 hours after the person's last action, 7 days by an advert or as HUMAN_AGENT, never with other tags."""
    person = stand.world.person("Ana Costa")
    path = f"{PAGE}/messages"
    assert (await call(stand, path, text_to(person.id)))[1]["error"]["error_subcode"] == 2018278
    await stand.write("Ana Costa", "Hello", public=False)
    assert (await call(stand, path, text_to(person.id)))[0] == 200
    stand.let_pass("Ana Costa", 25)
    assert (await call(stand, path, text_to(person.id)))[1]["error"]["code"] == 10
    tagged = text_to(person.id, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert (await call(stand, path, tagged))[1]["error"]["error_subcode"] == 1893061
    stand.world.human_agent = True
    assert (await call(stand, path, tagged))[0] == 200
    assert (await call(stand, path, tagged | {"tag": "ACCOUNT_UPDATE"}))[1]["error"]["code"] == 100
    stand.come_by_advert("Ana Costa")
    assert (await call(stand, path, text_to(person.id)))[0] == 200


async def test_one_private_reply_is_held() -> None:
    """A comment takes one private message within seven days, the page's own none."""
    world = World()
    post = world.post("x")
    comment = world.comment(post, world.person("Ana Costa"), "Hello")
    assert world.may_reply(comment.id).name == "Ana Costa"
    for target, code in ((comment, 10900), (world.comment(post, None, "Ours"), 10903)):
        with pytest.raises(Trouble) as trouble:
            world.may_reply(target.id)
        assert trouble.value.code == code
    old = world.comment(post, world.person("Bo Lund"), "Old")
    old.at -= timedelta(days=8)
    with pytest.raises(Trouble) as trouble:
        world.may_reply(old.id)
    assert trouble.value.code == 10901


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"access_token": "old"}, 190),
        ({"appsecret_proof": "0"}, 100),
        ({"version": "v3.0"}, 2635),
        ({"access_token": ""}, 2500),
    ],
)
async def test_callers_must_prove_themselves(stand: MetaStand, query: dict[str, str], code: int) -> None:
    """Token, proof and version are checked as strictly as by Facebook."""
    assert (await call(stand, PAGE, **query))[1]["error"]["code"] == code
    assert (await call(stand, PAGE, fields="name"))[1] == {"id": PAGE, "name": "Example"}


async def test_parameters_are_checked(stand: MetaStand) -> None:
    """Too long, empty, unknown people and things: an error with its code."""
    await stand.write("Ana Costa", "Hello", public=False)
    person, path = stand.world.person("Ana Costa"), f"{PAGE}/messages"
    for body, code in (
        (text_to(person.id, "x" * 2001), 100),
        (text_to(person.id, ""), 100),
        (text_to("1"), 100),
        ({"message": {"text": "x"}}, 100),
    ):
        status, answer = await call(stand, path, body)
        assert (status, answer["error"]["code"]) == (400, code)
    assert (await call(stand, "999/comments", {"message": "x"}))[1]["error"]["error_subcode"] == 33
    assert (await call(stand, f"{PAGE}/subscribed_apps", {"subscribed_fields": "nonsense"}))[0] == 400
    person.blocked = True
    assert (await call(stand, path, text_to(person.id)))[1]["error"]["code"] == 551
    assert stand.ledger.to("Ana Costa") == []


async def test_webhooks_come_in_batches_and_again_until_taken(stand: MetaStand) -> None:
    """What happens together comes in one POST, signed; without a 200 it comes again."""
    bodies: list[dict[str, Any]] = []
    refusals, taken = iter([500, 0]), asyncio.Event()

    async def hook(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(text=request.query["hub.challenge"])
        data = await request.read()
        wanted = "sha256=" + hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == wanted
        assert b"\\u00e9" in data
        assert data.isascii()
        if (status := next(refusals, 0)) != 0:
            return web.Response(status=status)
        bodies.append(await request.json())
        taken.set()
        return web.Response()

    site = Site([web.get("/h", hook), web.post("/h", hook)])
    await site.start()
    await stand.connect(f"{site.url}/h")
    for count in range(3):
        await stand.write("Ana Costa", f"é {count}", public=count == 2)
    async with asyncio.timeout(10):
        await taken.wait()
    entries = bodies[0]["entry"]
    assert [len(entry.get("messaging", [])) for entry in entries] == [2, 0]
    assert entries[1]["changes"][0]["value"]["verb"] == "add"
    await site.stop()


async def test_a_hook_that_does_not_answer_the_challenge_is_not_taken(stand: MetaStand) -> None:
    """An address that does not know the verify token gets no events."""

    async def hook(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    site = Site([web.get("/h", hook)])
    await site.start()
    with pytest.raises(ValueError, match="challenge"):
        await stand.connect(f"{site.url}/h")
    assert not stand.hooks.url
    await site.stop()


async def test_every_copy_that_reaches_somebody_is_in_the_ledger(stand: MetaStand) -> None:
    """Done without an answer counts as done, and sent twice counts twice."""
    await stand.write("Ana Costa", "Hello", public=False)
    person = stand.world.person("Ana Costa")
    stand.faults.set(Fault.FAILED_AFTER, times=1)
    assert (await call(stand, f"{PAGE}/messages", text_to(person.id)))[0] == 500
    assert (await call(stand, f"{PAGE}/messages", text_to(person.id)))[0] == 200
    await stand.answer("Ana Costa", "By hand")
    assert [row.text for row in stand.ledger.to("Ana Costa")] == ["Hello", "Hello", "By hand"]
    assert [row.text for row in stand.ledger.by("Ana Costa")] == ["Hello"]
