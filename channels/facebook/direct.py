"""Messenger: one item of a webhook's `messaging` or `standby`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from channels.facebook import raw
from channels.facebook.found import (
    ADVERT,
    HUMAN,
    MESSAGE,
    MESSENGER,
    WINDOW,
    Advert,
    Arrived,
    Echo,
    Found,
    Link,
    Own,
    View,
)
from channels.facebook.raw import Malformed
from channels.message import Identity, Kind, Message

#: Facebook's thumb in its three sizes.
_THUMBS = {"369239263222822", "369239343222814", "369239383222810"}
_WORDS = {"image": "[picture]", "video": "[video]", "audio": "[voice message]", "file": "[file]"}
_FETCHED = set(_WORDS)
_STANDBY = "another app answers this Messenger conversation (standby)"


def read(value: Mapping[str, Any], view: View, *, standby: bool) -> Found | None:
    """Return what the item says; None for reactions, deliveries, reads and the like. Raises Malformed."""
    found = _read(value, view)
    if standby and isinstance(found, Arrived):
        return replace(found, message=replace(found.message, no_note=_STANDBY))
    return found


def _read(value: Mapping[str, Any], view: View) -> Found | None:
    if "message" in value:
        return _message(value, raw.table(value["message"], "'message'"), view)
    if "message_edit" in value:
        return _edit(value, raw.table(value["message_edit"], "'message_edit'"), view)
    if "postback" in value:
        return _postback(value, raw.table(value["postback"], "'postback'"), view)
    if "referral" in value and is_advert(raw.part(value, "referral")):
        return Advert(person=_person(value, "sender"))
    return None


def is_advert(referral: Mapping[str, Any]) -> bool:
    """Tell whether somebody came by a click-to-message advert."""
    return raw.word(referral, "source").upper() == "ADS"


def window(action: datetime, view: View, *, advert: datetime | None = None) -> datetime:
    """Return until when an answer is let through: by notes 24 h, 7 d after an advert; by people longer."""
    until = action + (HUMAN if view.human_agent else WINDOW)
    return until if advert is None else max(until, advert + ADVERT)


def from_person(person: str, view: View, *, key: str, at: datetime | None, name: str = "") -> Message:
    """Return the frame of what a person did in Messenger."""
    action = min(at or view.at, view.at)
    return Message(
        key=key,
        channel="facebook",
        account=view.account,
        received_at=view.at,
        sent_at=at,
        sender=Identity(kind="facebook", address=person, name=name, verified=True),
        to=(view.page,),
        thread=MESSENGER + person,
        reply_until=window(action, view),
    )


def from_page(person: str, view: View, *, mid: str, at: datetime | None) -> Message:
    """Return the frame of what the page wrote to a person in Messenger."""
    return Message(
        key=MESSAGE + mid,
        channel="facebook",
        account=view.account,
        kind=Kind.AGENT,
        received_at=view.at,
        sent_at=at,
        sender=Identity(kind="facebook", address=view.page, verified=True),
        to=(person,),
        thread=MESSENGER + person,
        message_id=MESSAGE + mid,
    )


def _message(value: Mapping[str, Any], message: Mapping[str, Any], view: View) -> Found | None:
    mid = raw.needed(message, "mid")
    at = raw.from_ms(value.get("timestamp"))
    if message.get("is_echo") is True:
        return _echo(value, message, view, mid)
    frame = from_person(_person(value, "sender"), view, key=MESSAGE + mid, at=at)
    if message.get("is_deleted") is True:
        return Arrived(message=change(frame, Kind.DELETE, f"{MESSAGE}{mid}:delete", MESSAGE + mid))
    said, files = _content(message)
    cited = raw.word(raw.part(message, "reply_to"), "mid")
    advert = is_advert(raw.part(message, "referral"))
    if advert:
        frame = replace(frame, reply_until=window(frame.sent_at or view.at, view, advert=view.at))
    done = replace(frame, text=said, message_id=MESSAGE + mid, references=(MESSAGE + cited,) if cited else ())
    return Arrived(message=done, files=files, advert=advert)


def _echo(value: Mapping[str, Any], message: Mapping[str, Any], view: View, mid: str) -> Found | None:
    app = raw.word(message, "app_id")
    if app == view.app:
        return Echo(id=mid, metadata=raw.word(message, "metadata"))
    if app in view.programs:
        return None
    frame = from_page(_person(value, "recipient"), view, mid=mid, at=raw.from_ms(value.get("timestamp")))
    said, files = _content(message)
    return Own(message=replace(frame, text=said), id=mid, files=files)


def _edit(value: Mapping[str, Any], edit: Mapping[str, Any], view: View) -> Found | None:
    mid = raw.needed(edit, "mid")
    person = _person(value, "sender")
    if person == view.page:
        return None
    number = raw.word(edit, "num_edit") or raw.word(value, "timestamp")
    at = raw.from_ms(value.get("timestamp"))
    frame = from_person(person, view, key=MESSAGE + mid, at=at)
    edited = change(frame, Kind.EDIT, f"{MESSAGE}{mid}:edit:{number}", MESSAGE + mid)
    return Arrived(message=replace(edited, text=raw.text(edit, "text")))


def _postback(value: Mapping[str, Any], postback: Mapping[str, Any], view: View) -> Found:
    """Return a pressed button as the words on it."""
    person = _person(value, "sender")
    mid = raw.word(postback, "mid") or f"postback:{person}:{raw.word(value, 'timestamp')}"
    said = raw.text(postback, "title") or raw.text(postback, "payload")
    if not said:
        raise Malformed("a postback has no title")
    at = raw.from_ms(value.get("timestamp"))
    frame = from_person(person, view, key=MESSAGE + mid, at=at)
    advert = is_advert(raw.part(postback, "referral"))
    if advert:
        frame = replace(frame, reply_until=window(at or view.at, view, advert=view.at))
    return Arrived(message=replace(frame, text=said, message_id=MESSAGE + mid), advert=advert)


def change(frame: Message, kind: Kind, key: str, about: str) -> Message:
    """Return the frame as a change to an earlier message: it opens no window."""
    return replace(frame, kind=kind, key=key, about=about, reply_until=None)


def _person(value: Mapping[str, Any], role: str) -> str:
    return raw.needed(raw.part(value, role), "id")


def _content(message: Mapping[str, Any]) -> tuple[str, tuple[Link, ...]]:
    """Return the text, with a word for each thing that is no text, and the files to fetch."""
    lines, files = [raw.text(message, "text")], []
    for one in raw.rows(message, "attachments"):
        line, file = _attachment(one)
        lines.append(line)
        files += [file] if file is not None else []
    said = "\n".join(line for line in lines if line)
    if not said and not files:
        said = "[something that Facebook shows in Messenger only]"
    return said, tuple(files)


def _attachment(one: Mapping[str, Any]) -> tuple[str, Link | None]:
    kind, payload = raw.word(one, "type"), raw.part(one, "payload")
    url = raw.word(payload, "url")
    if kind == "sticker" or raw.word(payload, "sticker_id"):
        return ("👍" if raw.word(payload, "sticker_id") in _THUMBS else "[sticker]"), None
    if kind in _FETCHED and url:
        return "", Link(url=url, word=_WORDS[kind])
    if kind == "location":
        spot = raw.part(payload, "coordinates")
        place = f"{spot.get('lat')}, {spot.get('long')}" if spot else raw.text(one, "title")
        return f"[place: {place}]", None
    if kind in {"fallback", "share", "post", "reel", "ig_reel", "template"}:
        title = raw.text(one, "title") or raw.text(payload, "title")
        link = raw.word(one, "url") or url
        return " ".join(each for each in (title, link) if each) or f"[{kind}]", None
    return _WORDS.get(kind, f"[{kind or 'attachment'}]"), None
