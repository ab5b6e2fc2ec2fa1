"""Slack's Web API: the few methods that are used, each with a timeout and its failures named."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from router.desk.slack.card import Card
from router.desk.slack.errors import Down, Gone, Refused, Revoked, SlackError, Throttled, Unreached

TIMEOUT_S = 10.0
#: When Slack throttles without saying for how long.
AFTER_S = 30.0
#: Marks our messages, so that they can be found again.
EVENT = "handleby_notice"
#: How far around the time of sending a message is looked for: Slack's clock may differ from ours.
AROUND = timedelta(minutes=10)
#: Messages on a page, and most pages; in this time we post no more than one a second.
LOOKED_AT, PAGES = 200, 12

REVOKED = frozenset(
    {
        "access_denied", "accesslimited", "account_inactive", "enterprise_is_restricted", "invalid_auth",
        "messages_tab_disabled", "missing_scope", "no_permission", "not_allowed_token_type", "not_authed",
        "org_login_required", "team_access_not_granted", "token_expired", "token_revoked",
    }
)  # fmt: skip
UNREACHED = frozenset(
    {
        "cannot_dm_bot", "channel_not_found", "invalid_users", "is_archived",
        "not_in_channel", "restricted_action", "user_disabled", "user_not_found", "user_not_visible", "users_not_found",
    }
)  # fmt: skip
GONE = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})
#: Slack's own trouble, told with status 200.
TROUBLE = frozenset({"", "fatal_error", "internal_error", "request_timeout", "service_unavailable"})


class Client:
    """One app in one workspace."""

    def __init__(self, token: str, api: str, timeout_s: float = TIMEOUT_S) -> None:
        """Take the bot's token and where the API is; nothing is opened yet."""
        self._timeout_s, self._api = timeout_s, urlsplit(api)
        log = logging.getLogger("slack_sdk.handleby")
        log.setLevel(logging.WARNING)  # below it, the library logs what people wrote
        # no retries in the library: it would repeat what Slack may have done
        self._web = AsyncWebClient(token, base_url=api, logger=log, retry_handlers=[])
        self._web.proxy = None  # the session below heeds the proxy, and the hosts that need none
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections; the next call opens them again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def check(self) -> None:
        """Ask whether the token works."""
        await self._done(self._ready().auth_test())

    async def direct(self, user: str) -> str:
        """Return the channel for direct messages to the user."""
        found = await self._done(self._ready().conversations_open(users=user))
        return str((found.get("channel") or {}).get("id") or "")

    async def post(self, channel: str, card: Card, mark: str, thread: str = "") -> str:
        """Post the card, findable by its mark, in a thread where one is named; returns its time stamp."""
        found = await self._done(
            self._ready().chat_postMessage(
                channel=channel,
                text=card.text,
                blocks=card.blocks,
                metadata={"event_type": EVENT, "event_payload": {"id": mark}},
                thread_ts=thread or None,
                reply_broadcast=True if thread else None,
                parse="none",
                link_names=False,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return str(found.get("ts") or "")

    async def update(self, channel: str, ts: str, card: Card) -> None:
        """Put the card in place of a message."""
        await self._done(
            self._ready().chat_update(
                channel=channel, ts=ts, text=card.text, blocks=card.blocks, parse="none", link_names=False
            )
        )

    async def find(self, channel: str, mark: str, at: datetime) -> str:
        """Return the time stamp of the message with the mark, posted about then; "" when there is none."""
        cursor = ""
        for _ in range(PAGES):
            found = await self._page(channel, at, cursor)
            for one in found.get("messages") or ():
                about = one.get("metadata") or {}
                if about.get("event_type") == EVENT and (about.get("event_payload") or {}).get("id") == mark:
                    return str(one.get("ts") or "")
            cursor = str((found.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return ""

    async def _page(self, channel: str, at: datetime, cursor: str) -> AsyncSlackResponse:
        return await self._done(
            self._ready().conversations_history(
                channel=channel,
                oldest=f"{(at - AROUND).timestamp():.6f}",
                latest=f"{(at + AROUND).timestamp():.6f}",
                inclusive=True,
                limit=LOOKED_AT,
                cursor=cursor or None,
                include_all_metadata=True,
            )
        )

    async def whisper(self, channel: str, user: str, text: str) -> None:
        """Show one person a text that only they see."""
        await self._done(self._ready().chat_postEphemeral(channel=channel, user=user, text=text))

    async def respond(self, url: str, text: str) -> None:
        """Answer a pressed button by its `response_url`: only who pressed sees it."""
        where = urlsplit(url)
        own = {(self._api.scheme, self._api.netloc), ("https", f"hooks.{self._api.netloc}")}
        if (where.scheme, where.netloc) not in own:
            raise Refused("response_url is not Slack's")
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._connections().post(url, json=body, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise Refused(f"response_url: {answer.status}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Down(type(error).__name__, doubt=True) from None

    def _ready(self) -> AsyncWebClient:
        """Return the library's client, with connections of ours."""
        self._web.session = self._connections()
        return self._web

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            limits = aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=self._timeout_s)
            self._session = aiohttp.ClientSession(timeout=limits, trust_env=self._api.scheme == "https")
        return self._session

    async def _done(self, call: Coroutine[Any, Any, AsyncSlackResponse]) -> AsyncSlackResponse:
        """Wait for a call; every failure becomes one of ours, without the texts that the library's quote."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await call
        except SlackApiError as error:
            raise _named(error.response) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Down(f"no connection ({type(error).__name__})", doubt=False) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Down(f"no answer ({type(error).__name__})", doubt=True) from None
        except (AttributeError, ValueError) as error:  # the library, given text where it expects JSON
            raise Down(f"no answer of Slack's ({type(error).__name__})", doubt=True) from None
        except SlackClientError as error:
            raise Refused(type(error).__name__) from None


def _named(response: Any) -> SlackError:
    """Return the failure that the answer tells."""
    status = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return Throttled(_seconds(response.headers))
    if status >= 500 or code in TROUBLE:
        return Down(f"status {status} {code}".strip(), doubt=True)
    for codes, kind in ((REVOKED, Revoked), (UNREACHED, Unreached), (GONE, Gone)):
        if code in codes:
            return kind(code)
    return Refused(code[:60])


def _seconds(headers: Any) -> float:
    try:
        return min(600.0, max(1.0, float(headers.get("Retry-After", ""))))
    except ValueError:
        return AFTER_S
