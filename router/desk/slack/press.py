"""What a pressed button does: take or decline, as whoever pressed it, by the same rules as the desk."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router import log
from router.desk import accounts
from router.desk.accounts import Role
from router.desk.slack.card import DECLINE, TAKE
from router.desk.slack.client import Client
from router.desk.slack.errors import SlackError
from router.desk.slack.office import Office
from router.desk.slack.sheet import Sheets, amended
from router.desk.slack.words import plain
from router.errors import ActionError, Forbidden, StoreError
from rules.model import Person

logger = log.get(__name__)

VALUE = re.compile(r"(\S{1,100}) (\S{1,100})")
STRANGER = (
    "Handleby does not know your Slack account. Ask whoever keeps its rules to write your member id, {user}, "
    "under your name: slack: {user}"
)
TWINS = (
    "Handleby's rules give your Slack account to more than one agent. Ask whoever keeps them to mend that."
)
NO_ACCOUNT = "You have no account at the desk any more. Ask an admin of Handleby for one."
DECLINED = "declined in Slack"


class Press(Struct, frozen=True, kw_only=True):
    """A pressed button."""

    user: str
    channel: str
    action: str
    value: str
    #: Where an answer goes that only who pressed sees.
    response_url: str = ""


def pressed(payload: Any) -> Press | None:
    """Return the pressed button of a payload; None when it is something else."""
    if not isinstance(payload, Mapping) or payload.get("type") != "block_actions":
        return None
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(first, Mapping):
        return None
    press = Press(
        user=_text(_in(payload, "user"), "id"),
        channel=_text(_in(payload, "channel"), "id"),
        action=_text(first, "action_id"),
        value=_text(first, "value"),
        response_url=_text(payload, "response_url"),
    )
    return press if press.user and press.action in {TAKE, DECLINE} and VALUE.fullmatch(press.value) else None


class Presses:
    """Does what was pressed, and tells who pressed when it cannot be done."""

    def __init__(self, office: Office, client: Client) -> None:
        """Take the parts."""
        self._office, self._client = office, client
        self._sheets = Sheets(office)

    async def perform(self, press: Press) -> None:
        """Do it; what goes wrong is told to the person, and raised nowhere."""
        try:
            await self._act(press)
        except ActionError as error:
            await self._tell(press, str(error))
        except StoreError:
            await self._tell(
                press, "Handleby cannot do that just now. Try again in a minute, or at the desk."
            )

    async def _act(self, press: Press) -> None:
        person = await self._who(press.user)
        conversation, letter = press.value.split(" ")
        if press.action == TAKE:
            await self._mark(conversation, letter, person)
            await self._office.actions.take(conversation, agent=person.id)
        else:
            await self._office.actions.release(conversation, agent=person.id, reason=DECLINED)
        logger.info("pressed in Slack", action=press.action, agent=person.id)

    async def _who(self, user: str) -> Person:
        """Return the agent who pressed. Raises Forbidden unless they could do the same at the desk."""
        found = [one for one in self._office.book().people.values() if one.slack == user]
        if len(found) != 1:
            raise Forbidden(TWINS if found else STRANGER.format(user=user))
        account = await accounts.get(self._office.store, accounts.user_id(found[0].email))
        if not found[0].email or account is None or not account.may(Role.AGENT):
            raise Forbidden(NO_ACCOUNT)
        return found[0]

    async def _mark(self, conversation: str, letter: str, person: Person) -> None:
        """Note on the letter that its agent takes the work, so that no second one tells them of it."""
        now = self._office.clock.now()
        page = await self._sheets.read(conversation)
        known = page.sheet.letter(letter)
        if known is not None and known.agent == person.id:
            await self._sheets.change(conversation, lambda sheet: amended(sheet, letter, pressed=now))

    async def _tell(self, press: Press, text: str) -> None:
        words = plain(text, 500)
        try:
            if press.response_url:
                await self._client.respond(press.response_url, words)
                return
        except SlackError as error:
            logger.info("response_url failed", reason=error.code)
        try:
            await self._client.whisper(press.channel, press.user, words)
        except SlackError as error:
            logger.warning("who pressed could not be told", reason=error.code)


def _in(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = payload.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(payload: Mapping[str, Any], key: str) -> str:
    found = payload.get(key)
    return found if isinstance(found, str) else ""
