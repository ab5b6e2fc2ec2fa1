"""Sending into a topic: what is posted, and what each refusal of the forum means for us."""

import asyncio
from collections.abc import Mapping
from typing import Any

from channels.errors import InDoubt, NotSent, Refused
from channels.forum import markup, parse
from channels.forum.api import Api
from channels.forum.settings import Settings
from channels.forum.topic import Topic, topic
from channels.forum.trouble import Answered, ForumTrouble, Unreached, Unsure
from channels.message import Outgoing, Sent
from channels.port import Host

#: Discourse's own limits, as installed; a forum may have others, and says so.
LONGEST = 32_000
SHORTEST = 20
CONSECUTIVE = 3
#: Seconds before the next try after the forum refused our key.
LOCKED_OUT_S = 120.0
#: Seconds for reading up which post is answered, before anything is sent.
LOOK_UP_S = 5.0
#: Seconds for finding out why the forum refused.
DIAGNOSE_S = 10.0
_LONGEST_TITLE = 200


class Doubt(InDoubt):
    """It may be on the forum or not."""

    def __init__(self, reason: str, *, over: bool) -> None:
        """Take what happened, and whether the forum is done with it, so that it can be looked up."""
        super().__init__(reason)
        self.over = over


class Sender:
    """Sends for one account."""

    def __init__(self, host: Host, settings: Settings, api: Api) -> None:
        """Take the account's host, settings and access to the forum."""
        self._host, self._settings, self._api = host, settings, api

    async def send(self, outgoing: Outgoing) -> Sent:
        """Post it once. Raises NotSent, Refused or InDoubt."""
        number = parse.topic_of(outgoing.thread)
        if not number:
            raise Refused("There is no topic to answer in: this conversation did not begin on the forum")
        if outgoing.attachments:
            raise Refused("The forum channel sends no files: put a link to the file into the text")
        fields: dict[str, object] = {"topic_id": number, "raw": self._raw(outgoing)}
        answered = await self._answered(outgoing, number)
        if answered > 1:
            fields["reply_to_post_number"] = answered
        try:
            return await self._post(fields)
        except Answered as error:
            return await self._refused(error, outgoing, number)

    async def _refused(self, error: Answered, outgoing: Outgoing, number: int) -> Sent:
        """Find out why the forum refused, by what it shows and not by its words: they are in any language."""
        try:
            async with asyncio.timeout(DIAGNOSE_S):
                known = error.status not in {401, 403} or await self._signed_in()
                found = await topic(self._api, number) if known else None
        except (ForumTrouble, TimeoutError):
            raise Refused(f"The forum does not take it. It says: {_said(error)}") from error
        if not known:
            raise self._locked_out() from error
        if found is not None and found.closed and self._settings.closed_to_message:
            try:
                return await self._post(self._private(outgoing, found))
            except Answered as refusal:
                raise Refused(f"The topic is closed, and a private message: {_said(refusal)}") from refusal
        raise Refused(f"{self._advice(error, found, outgoing)} The forum says: {_said(error)}") from error

    def _locked_out(self) -> NotSent:
        text = "the forum refuses the API key: make a new one for this account and set `api_key`"
        self._host.report("down", f"send: {text}", part="send")
        return NotSent(f"send: {text}", after_s=LOCKED_OUT_S)

    async def _post(self, fields: Mapping[str, object]) -> Sent:
        """Ask the forum to take it. Raises NotSent, InDoubt, Refused or Answered."""
        try:
            answer = await self._api.post("/posts.json", fields)
        except Unreached as error:
            self._host.report("degraded", f"send: {error}", part="send")
            raise NotSent(f"send: {error}", after_s=error.after_s) from error
        except Unsure as error:
            self._host.report("degraded", f"send: {error}", part="send")
            raise Doubt(f"It may be on the forum or not: {error}", over=error.over) from error
        self._host.report("ok", part="send")
        return Sent(message_id=parse.message_id(self._settings.view, _posted(answer)))

    def _advice(self, error: Answered, found: Topic | None, outgoing: Outgoing) -> str:
        """Return what to do, for the person who wrote the answer."""
        if found is None:
            return "The topic cannot be seen by our account any more: it was deleted or moved."
        if found.closed:
            return (
                "The topic was closed or archived: open it again on the forum, write the customer a private "
                'message there, or set `closed = "message"` for this account.'
            )
        if error.status in {401, 403}:
            return "Our account may not write in this topic: let it reply in the category, on the forum."
        length = markup.counted(self._raw(outgoing))
        if not SHORTEST <= length <= LONGEST:
            wrong = "short: write a little more" if length < SHORTEST else "long: send it in parts"
            return f"The text is too {wrong}. A forum takes posts of {SHORTEST} to {LONGEST} characters."
        if found.last_by.lower() == self._settings.view.us:
            return (
                f"The last post there is ours, and a forum takes about {CONSECUTIVE} in a row from one account: "
                "add to the last post on the forum, wait for an answer, or make our account a moderator."
            )
        return "The forum does not take this text: change it and send it again."

    async def _signed_in(self) -> bool:
        """Tell whether the forum still knows us. Raises ForumTrouble when that cannot be told."""
        try:
            answer = await self._api.get("/session/current.json")
        except Answered:
            return False
        return isinstance(answer, dict) and bool(answer.get("current_user"))

    async def _answered(self, outgoing: Outgoing, number: int) -> int:
        """Return which post of the topic is answered; 0 when it cannot be told soon, as the topic is enough."""
        post = parse.post_of(outgoing.in_reply_to)
        if not post:
            return 0
        try:
            async with asyncio.timeout(LOOK_UP_S):
                found = await self._api.get(f"/posts/{post}.json")
        except Unreached as error:
            raise NotSent(f"send: {error}", after_s=error.after_s) from error
        except (ForumTrouble, TimeoutError):
            return 0
        same = isinstance(found, dict) and found.get("topic_id") == number
        return int(found["post_number"]) if same and isinstance(found.get("post_number"), int) else 0

    def _raw(self, outgoing: Outgoing) -> str:
        text = outgoing.text.strip()
        if self._settings.sign and not outgoing.automatic:
            signed = markup.signed(text, outgoing.author)
            text = signed if len(signed) <= LONGEST else text
        return f"{text}\n\n{markup.mark(outgoing.id, automatic=outgoing.automatic)}"

    def _private(self, outgoing: Outgoing, found: Topic) -> dict[str, object]:
        return {
            "title": f"Re: {outgoing.subject or found.title}"[:_LONGEST_TITLE],
            "raw": self._raw(outgoing),
            "archetype": "private_message",
            "target_recipients": outgoing.to.spelling or outgoing.to.name,
        }


def _posted(answer: Any) -> int:
    """Return the new post. Raises Refused while the forum holds it, InDoubt when it says nothing of it."""
    if isinstance(answer, dict) and answer.get("action") == "enqueued":
        raise Refused(
            "The forum holds it until a moderator approves it: approve it there, do not send it again, and let "
            "our account post without approval (make it a moderator, or raise its trust level)."
        )
    if isinstance(answer, dict) and isinstance(answer.get("id"), int):
        return int(answer["id"])
    raise InDoubt("The forum's answer does not say which post it became")


def _said(error: Answered) -> str:
    return " ".join(error.errors) or f"status {error.status}"
