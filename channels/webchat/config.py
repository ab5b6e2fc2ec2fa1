"""`GET /chat/config`: what the widget needs to know before it opens, in the visitor's language."""

from collections.abc import Mapping
from functools import cache

import msgspec
from aiohttp import web
from msgspec import Struct

from channels.webchat import assets, rest
from channels.webchat.chat import Chat

_FALLBACK = "en"


class Config(Struct, frozen=True, kw_only=True):
    """Looks and words of one account."""

    account: str
    organisation: str
    language: str
    title: str
    greeting: str
    purpose: str
    other_ways: tuple[str, ...]
    colour: str
    on_colour: str
    max_length: int
    continue_by_email: bool
    #: Whether somebody who could answer is present now.
    present: bool
    words: Mapping[str, str]


async def config(request: web.Request, chat: Chat) -> web.Response:
    """Answer the account's looks and words."""
    language = pick([request.query.get("lang", "")], chat.host.language)
    return rest.answer(await read(chat, language))


async def read(chat: Chat, language: str) -> Config:
    """Return the account's looks and words in a language that we have."""
    settings = chat.settings
    words = all_words()[language]
    return Config(
        account=chat.host.account,
        organisation=chat.host.organisation,
        language=language,
        title=settings.title or words["title"].replace("{organisation}", chat.host.organisation),
        greeting=settings.greeting or words["greeting"],
        purpose=settings.purpose,
        other_ways=settings.other_ways,
        colour=settings.colour,
        on_colour=settings.on_colour,
        max_length=settings.max_length,
        continue_by_email=settings.continue_by_email,
        present=await chat.host.present(),
        words=words,
    )


def pick(wanted: list[str], default: str) -> str:
    """Return the first wanted language that there are words in, else the account's, else English."""
    for tag in [*wanted, default]:
        code = tag.strip().lower().partition("-")[0]
        if code in all_words():
            return code
    return _FALLBACK


@cache
def all_words() -> Mapping[str, Mapping[str, str]]:
    """Return the words of the widget by language; read once."""
    files = sorted((assets.FOLDER / "words").glob("*.json"))
    return {file.stem: msgspec.json.decode(file.read_bytes(), type=dict[str, str]) for file in files}
