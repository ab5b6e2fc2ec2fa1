"""Words that no software may send: a person sends them as their own, or puts them away."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.api.answers import UNSEEN
from router.desk.api.conversations import find
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.desk.views import ConversationView
from router.keeping.laid import Laid

table = Table("Conversations")


class Sending(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with the words."""

    #: True sends them; anything else is refused, so that nothing goes out by a slip.
    send: bool
    #: Other words about the same time; "" = as they were prepared.
    text: Annotated[str, Meta(max_length=50_000)] = ""
    #: `at` of the words that you saw: where others lie there by now, nothing is sent.
    at: datetime | None = None


@table.post("/conversations/{id}/prepared", Role.AGENT)
async def prepared(call: Call, id: str, body: Sending) -> ConversationView:
    """Send the prepared words as your own: the customer hears the new time, and goes on waiting for the answer."""
    if not body.send:
        raise Invalid("Say `send: true` to send the words, or DELETE them.")
    text = UNSEEN.sub("", body.text)
    one = await find(call, id)
    done = await _laid(call).send(one.id, agent=call.agent, text=text, seen=body.at)
    return views.conversation(call.parts.book(), done)


@table.delete("/conversations/{id}/prepared", Role.AGENT)
async def put_away(call: Call, id: str) -> ConversationView:
    """Put the prepared words away: you write to the customer yourself."""
    one = await find(call, id)
    return views.conversation(call.parts.book(), await _laid(call).drop(one.id, agent=call.agent))


def _laid(call: Call) -> Laid:
    parts = call.parts
    return Laid(parts.store, parts.events, parts.clock, parts.house)
