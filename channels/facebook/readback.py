"""What the page has written, read back from Facebook in order to settle a doubt."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from channels.facebook import history, raw
from channels.facebook.found import COMMENT, MESSAGE
from channels.facebook.outbound import Outbound
from channels.facebook.trouble import Said, Unanswered, Unreached
from channels.message import Attachment, Outgoing

#: How far Facebook's clock is from ours is known to some seconds, and its times are whole ones.
_SLACK = timedelta(seconds=30)


class Conversation:
    """The page's newest messages to one person, each of which can be one part of what was sent."""

    def __init__(self, outbound: Outbound, person: str, outgoing: Outgoing) -> None:
        """Take whose conversation, and what is looked for."""
        self._out, self._person, self._at = outbound, person, outgoing.at
        self._rows: list[Mapping[str, Any]] = []
        #: False when Facebook has more of that time than was read, so that nothing follows from what is not there.
        self.whole = False

    async def read(self) -> bool:
        """Read it; False when Facebook does not tell."""
        page = self._out.settings.page_id
        fields = f"messages.limit(50){{{history.MESSAGE_FIELDS}}}"
        try:
            found = await self._out.graph.get(
                f"{page}/conversations", platform="messenger", user_id=self._person, fields=fields
            )
        except (Said, Unanswered, Unreached):
            return False
        if not isinstance(found.get("data"), list):
            return False
        lists = [raw.part(talk, "messages") for talk in raw.rows(found, "data")]
        rows = [row for one in lists for row in raw.rows(one, "data")]
        since = _since(self._out, self._at)
        self.whole = all(_reaches(one, since) for one in lists)
        own = (row for row in rows if raw.word(raw.part(row, "from"), "id") == page)
        fresh = [row for row in own if (at := history.when(row)) is not None and at >= since]
        self._rows = sorted(fresh, key=lambda row: str(history.when(row)))
        return True

    def leave_out(self, name: str) -> None:
        """Do not take this message for another part."""
        self._rows = [row for row in self._rows if raw.word(row, "id") != name]

    async def find(self, piece: str | Attachment) -> str:
        """Return the name of the oldest message that is this part and nobody else's; "" for none."""
        for row in self._rows:
            name = raw.word(row, "id")
            if not name or not _is(row, piece):
                continue
            self.leave_out(name)
            if not await self._out.host.ours(MESSAGE + name) and not await self._out.memory.ours(name):
                return name
        return ""


class Comments(Struct, frozen=True, kw_only=True):
    """The page's newest comments below a comment or post."""

    rows: list[Mapping[str, Any]]
    #: As with a conversation.
    whole: bool


async def comments(outbound: Outbound, below: str, outgoing: Outgoing) -> Comments | None:
    """Return them, newest first; None when Facebook does not tell."""
    try:
        found = await outbound.graph.get(
            f"{below}/comments", fields=history.COMMENT_FIELDS, filter="stream", order="reverse_chronological",
            limit="50",
        )  # fmt: skip
    except (Said, Unanswered, Unreached):
        return None
    page = outbound.settings.page_id
    own = [row for row in raw.rows(found, "data") if raw.word(raw.part(row, "from"), "id") == page]
    return Comments(rows=own, whole=_reaches(found, _since(outbound, outgoing.at)))


async def find_comment(outbound: Outbound, rows: list[Mapping[str, Any]], outgoing: Outgoing) -> str:
    """Return the name of the comment that is this outgoing and no other; "" for none."""
    for row in reversed(rows):
        at, name = history.when(row), raw.word(row, "id")
        fresh = at is not None and at >= _since(outbound, outgoing.at)
        same = fresh and name and _same(raw.text(row, "message"), outgoing.text)
        if same and not await outbound.host.ours(COMMENT + name):
            return name
    return ""


def _reaches(answer: Mapping[str, Any], since: datetime) -> bool:
    """Tell whether a list, newest first, reaches back to that time."""
    rows = raw.rows(answer, "data")
    oldest = history.when(rows[-1]) if rows else None
    return not raw.word(raw.part(answer, "paging"), "next") or (oldest is not None and oldest < since)


def _since(outbound: Outbound, at: datetime) -> datetime:
    """Return the earliest that Facebook's clock can have shown then."""
    return at - outbound.graph.ahead - _SLACK


def _is(row: Mapping[str, Any], piece: str | Attachment) -> bool:
    if isinstance(piece, str):
        return _same(raw.text(row, "message"), piece)
    names = {raw.text(one, "name") for one in raw.rows(row, "attachments")}
    return bool(names) and (piece.name in names or names == {""})


def _same(one: str, other: str) -> bool:
    return bool(one) and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())
