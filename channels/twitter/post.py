"""One post as X gives it, read into a Message; no input, no output."""

from collections.abc import Mapping
from typing import Any

from channels.message import Kind, Message
from channels.twitter import words
from channels.twitter.read import Read, View
from channels.twitter.shape import NUMBER, People, list_, number, object_, when

UNSUMMONED = "its author neither mentioned nor quoted us"
_AUTOMATED = "written by an account that is labelled as automated"


def post(data: object, people: People, view: View, *, summoned: bool = False) -> Read | None:
    """Return the post; None when it needs no reaction. Raises Strange.

    `summoned`: it is known that its author mentioned or quoted us; else that is looked for in the post.
    """
    data = object_(data, "post")
    author = number(data, "author_id")
    refers = _references(data)
    if "retweeted" in refers:
        return None
    if author == view.me:
        return _own(data, refers, people, view)
    called = summoned or view.me in _mentioned(data)
    silent = _AUTOMATED if author in people.robots else ""
    id_ = number(data, "id")
    text = _text(data)
    return Read(
        message=Message(
            key=f"x:{id_}",
            channel=view.channel,
            account=view.account,
            received_at=view.at,
            sent_at=when(data.get("created_at"), id_),
            sender=people.who(author),
            text=words.said(text),
            full_text=text if words.said(text) != text else "",
            thread=f"{_conversation(data, id_)}/{author}",
            message_id=f"x:{id_}",
            references=tuple(f"x:{one}" for one in refers.values()),
            no_note=silent or ("" if called else UNSUMMONED),
            language=words.language(data.get("lang")),
            public=True,
        ),
        first=_first(data, id_),
        summoned=called,
    )


def _own(data: Mapping[str, Any], refers: Mapping[str, str], people: People, view: View) -> Read | None:
    """Return a post of ours: an answer to a person, or one that continues or quotes what may be known."""
    id_ = number(data, "id")
    answered = data.get("in_reply_to_user_id")
    to_person = isinstance(answered, str) and bool(NUMBER.fullmatch(answered)) and answered != view.me
    if not to_person and not refers:
        return None
    text = _text(data)
    return Read(
        message=Message(
            key=f"x:{id_}",
            channel=view.channel,
            account=view.account,
            kind=Kind.AGENT,
            received_at=view.at,
            sent_at=when(data.get("created_at"), id_),
            sender=people.who(view.me),
            text=words.said(text),
            full_text=text if words.said(text) != text else "",
            thread=f"{_conversation(data, id_)}/{answered}" if to_person else "",
            message_id=f"x:{id_}",
            references=tuple(f"x:{one}" for one in refers.values()),
            language=words.language(data.get("lang")),
            public=True,
        ),
        own=True,
        first=_first(data, id_),
        only_if_known=not to_person,
    )


def answers(data: Mapping[str, Any]) -> str:
    """Return the number of the post that this one answers; "" for none."""
    return _references(data).get("replied_to", "")


def text_of(data: Mapping[str, Any]) -> str:
    """Return the whole text of a post or direct message."""
    return _text(data)


def _text(data: Mapping[str, Any]) -> str:
    """Return the whole text: a long post is cut off in `text`."""
    long = data.get("note_tweet")
    if isinstance(long, Mapping) and isinstance(long.get("text"), str):
        return words.whole(long["text"], long.get("entities") or data.get("entities"))
    return words.whole(data.get("text"), data.get("entities"))


def _references(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what it refers to: `quoted`, `retweeted`, `replied_to`, each with a number; the answered one last."""
    found = {
        str(one.get("type")): str(one.get("id"))
        for one in list_(data.get("referenced_tweets"))
        if isinstance(one, Mapping) and NUMBER.fullmatch(str(one.get("id") or ""))
    }
    answered = data.get("in_reply_to_tweet_id")
    if isinstance(answered, str) and NUMBER.fullmatch(answered):
        found.setdefault("replied_to", answered)
    return dict(sorted(found.items(), key=lambda pair: pair[0] == "replied_to"))


def _mentioned(data: Mapping[str, Any]) -> frozenset[str]:
    entities = data.get("entities")
    mentions = list_(entities.get("mentions")) if isinstance(entities, Mapping) else []
    return frozenset(str(one.get("id")) for one in mentions if isinstance(one, Mapping))


def _conversation(data: Mapping[str, Any], id_: str) -> str:
    found = data.get("conversation_id")
    return found if isinstance(found, str) and NUMBER.fullmatch(found) else id_


def _first(data: Mapping[str, Any], id_: str) -> str:
    """Return the name of the first version where this is a later one."""
    history = [one for one in list_(data.get("edit_history_tweet_ids")) if isinstance(one, str)]
    return f"x:{history[0]}" if history and history[0] != id_ and NUMBER.fullmatch(history[0]) else ""
