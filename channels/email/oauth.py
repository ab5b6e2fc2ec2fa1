"""Access tokens for servers that want XOAUTH2 in place of a password."""

import asyncio
import json
import ssl
import time

import aiohttp
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from channels.email.account import OAuth
from channels.email.trouble import ServerTrouble, SignInRefused

#: Seconds before a token runs out at which the next one is fetched.
_EARLY_S = 90.0
_TIMEOUT = aiohttp.ClientTimeout(total=20)
_LARGEST = 65_536


class Tokens:
    """The current access token of one account, shared by fetching and sending."""

    def __init__(self, oauth: OAuth, trust: ssl.SSLContext) -> None:
        """Take where tokens come from and whom to trust for TLS."""
        self._oauth = oauth
        self._trust = trust
        self._refresh_token = oauth.refresh_token
        self._token = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that is still good. Raises SignInRefused or ServerTrouble."""
        async with self._lock:
            if not self._token or time.monotonic() > self._until:
                await self._renew()
            return self._token

    def refused(self, token: str) -> None:
        """Forget a token that a server did not accept, so that the next try has a new one."""
        if token == self._token:
            self._token = ""

    @retry(
        retry=retry_if_exception_type(ServerTrouble),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    async def _renew(self) -> None:
        status, body = await self._ask()
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        if status >= 500 or status == 429 or not isinstance(answer, dict):
            raise ServerTrouble(f"the token server answered {status}; check oauth_token_url if this goes on")
        token = answer.get("access_token")
        if status != 200 or not isinstance(token, str) or not token:
            raise SignInRefused(_refusal(status, str(answer.get("error", ""))))
        self._token = token
        self._refresh_token = str(answer.get("refresh_token") or self._refresh_token)
        self._until = time.monotonic() + _lifetime(answer.get("expires_in")) - _EARLY_S

    async def _ask(self) -> tuple[int, bytes]:
        form = {"client_id": self._oauth.client_id, "grant_type": "client_credentials"}
        if self._refresh_token:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        if self._oauth.client_secret:
            form["client_secret"] = self._oauth.client_secret
        if self._oauth.scope:
            form["scope"] = self._oauth.scope
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(
                    self._oauth.token_url, data=form, ssl=self._trust, allow_redirects=False
                ) as answer,
            ):
                return answer.status, await answer.content.read(_LARGEST)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServerTrouble(f"the token server cannot be reached ({type(error).__name__})") from error


def _lifetime(given: object) -> float:
    try:
        return max(120.0, float(str(given)))
    except ValueError:
        return 3600.0


def _refusal(status: int, error: str) -> str:
    if error == "invalid_grant":
        return "the consent has run out or was taken back: sign in again and renew oauth_refresh_token"
    if error in {"invalid_client", "unauthorized_client"}:
        return "the token server does not know the application: check oauth_client_id and oauth_client_secret"
    return f"the token server answered {status} {error[:80]}: check the oauth_… settings"
