"""The stand-in refuses what Slack refuses."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from sandbox.faults import Fault
from sandbox.slack import Slack
from sandbox.slack.limits import objection

TEXT = {"type": "plain_text", "text": "x"}


@pytest.fixture
async def stand() -> AsyncIterator[Slack]:
    """Give a workspace."""
    found = Slack()
    await found.start()
    found.join("U1", "maria")
    yield found
    await found.stop()


async def ask(stand: Slack, method: str, token: str = "", **given: Any) -> tuple[int, dict[str, Any], str]:
    """Call a method; return status, body and `Retry-After`."""
    headers = {"Authorization": f"Bearer {token or stand.token}"}
    url = f"{stand.settings()['api']}{method}"
    async with ClientSession() as session, session.post(url, json=given, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers.get("Retry-After", "")


def section(letters: int) -> dict[str, Any]:
    """Return a section with so many letters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * letters}}


def button(**more: Any) -> dict[str, Any]:
    """Return a button in its block."""
    return {"type": "actions", "elements": [{"type": "button", "text": TEXT, "action_id": "a", **more}]}


@pytest.mark.parametrize(
    ("text", "blocks", "error"),
    [
        ("x", [], ""),
        ("", [], "no_text"),
        ("x" * 40_001, [], "msg_too_long"),
        ("x", [section(3000)], ""),
        ("x", [section(3001)], "invalid_blocks"),
        ("x", [section(0)], "invalid_blocks"),
        ("x", [section(1)] * 50, ""),
        ("x", [section(1)] * 51, "invalid_blocks"),
        ("x", [section(3000)] * 5, "msg_blocks_too_long"),
        ("x", [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks"),
        ("x", [{"type": "section", "fields": [TEXT] * 11}], "invalid_blocks"),
        ("x", [button()], ""),
        ("x", [button(value="x" * 2001)], "invalid_blocks"),
        ("x", [button(text={"type": "plain_text", "text": "x" * 76})], "invalid_blocks"),
        ("x", [button(text={"type": "mrkdwn", "text": "x"})], "invalid_blocks"),
        ("x", [{"type": "actions", "elements": button()["elements"] * 2}], "invalid_blocks"),
        ("x", [{"type": "marquee"}], "invalid_blocks"),
    ],
)
def test_limits_are_slacks(text: str, blocks: list[dict[str, Any]], error: str) -> None:
    """Lengths and forms beyond what Slack takes are refused with its own words."""
    assert objection(text, blocks) == error


async def test_failures_come_with_200_and_a_word(stand: Slack) -> None:
    """As at Slack: the status is fine, the body says what is not."""
    assert await ask(stand, "auth.test", token="xoxb-wrong") == (
        200,
        {"ok": False, "error": "invalid_auth"},
        "",
    )
    assert (await ask(stand, "conversations.open", users="U2"))[1]["error"] == "user_not_found"
    assert (await ask(stand, "chat.postMessage", channel="D9", text="x"))[1]["error"] == "channel_not_found"
    assert (await ask(stand, "chat.update", channel="U1", ts="1", text="x"))[1][
        "error"
    ] == "message_not_found"
    assert (await ask(stand, "users.info", user="U1"))[1]["user"]["tz"] == "Europe/Copenhagen"
    assert (await ask(stand, "nonsense.do"))[1]["error"] == "unknown_method"


async def test_a_channel_takes_about_one_message_a_second(stand: Slack) -> None:
    """A short burst passes; then it is 429 with the seconds to wait."""
    found = [await ask(stand, "chat.postMessage", channel="U1", text="x") for _ in range(7)]
    assert [status for status, _, _ in found] == [200] * 5 + [429] * 2
    assert found[-1][2] == "1"


async def test_what_was_dropped_was_done(stand: Slack) -> None:
    """The message is there, with its mark, though nobody was told."""
    stand.faults.set(Fault.FAILED_AFTER, times=1)
    mark = {"event_type": "e", "event_payload": {"id": "1"}}
    assert (await ask(stand, "chat.postMessage", channel="U1", text="x", metadata=mark))[0] == 500
    channel = stand.workspace.users["U1"].channel
    _, body, _ = await ask(stand, "conversations.history", channel=channel, include_all_metadata=True)
    assert [one["metadata"] for one in body["messages"]] == [mark]
    _, body, _ = await ask(stand, "conversations.history", channel=channel)
    assert "metadata" not in body["messages"][0]
