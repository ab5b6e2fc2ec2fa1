"""Who is asking, and whether they may: cookies, API tokens, roles, forged requests, too many tries."""

from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct

from router.desk import sessions
from router.desk.accounts import Role, User, agent_of
from router.desk.failures import TooMany, Unauthorised
from router.desk.limits import Rate
from router.desk.parts import Parts
from router.errors import Forbidden

#: Our own pages send it; a foreign page cannot without asking first, and is refused then.
CSRF_HEADER = "X-Handleby"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Principal(Struct, frozen=True, kw_only=True):
    """Who is asking."""

    user: User
    #: The agent of the rules with the same address; "" when the account is no agent.
    agent: str = ""
    #: The cookie's secret; "" for an API token.
    session: str = ""


class Gate:
    """Lets people in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._own = urlsplit(parts.public_url)
        self.secure = self._own.scheme == "https"
        #: The `__Host-` name keeps neighbours on the same domain from setting it.
        self.cookie = "__Host-handleby" if self.secure else "handleby"
        self._failures = Rate(burst=20, every_s=2.0)

    async def who(self, request: web.Request) -> Principal | None:
        """Return who is asking; None for a stranger. Raises TooMany after many wrong proofs."""
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        cookie = request.cookies.get(self.cookie, "")
        if not bearer and not cookie:
            return None
        if bearer:
            user = await sessions.token_user(self._parts, bearer) if scheme.lower() == "bearer" else None
            cookie = ""
        else:
            user = await sessions.session_user(self._parts, cookie)
        if user is None:
            self.failed(request)
            return None
        return Principal(user=user, agent=agent_of(self._parts.book(), user.email), session=cookie)

    def admit(self, request: web.Request, who: Principal | None, role: Role) -> None:
        """Refuse whoever has no such role, or did not come from our pages."""
        if who is None:
            raise Unauthorised
        if not who.user.may(role):
            raise Forbidden(f"This needs the role {role} or more; your account is {who.user.role}.")
        if who.session and request.method not in SAFE:
            self.own(request, header=True)

    def own(self, request: web.Request, *, header: bool) -> None:
        """Refuse a request that another site makes with this person's browser. Raises Forbidden."""
        origin = request.headers.get("Origin", "")
        foreign = bool(origin) and urlsplit(origin).netloc not in {request.host, self._own.netloc}
        foreign = foreign or request.headers.get("Sec-Fetch-Site", "") in {"cross-site", "same-site"}
        if foreign or (header and not request.headers.get(CSRF_HEADER)):
            raise Forbidden(
                f"This did not come from Handleby's own pages. Programs: use an API token, or send {CSRF_HEADER}: 1"
            )

    def failed(self, request: web.Request) -> None:
        """Count a wrong proof; right ones pass even where many people share an address. Raises TooMany."""
        wait_s = self._failures.wait_s(request.remote or "", self._parts.clock.now())
        if wait_s:
            raise TooMany(f"Too many attempts. Try again in {wait_s:.0f} seconds.", after_s=wait_s)

    def remember(self, response: web.StreamResponse, secret: str) -> None:
        """Set the session's cookie."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(sessions.SESSION_S),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
        )

    def forget(self, response: web.StreamResponse) -> None:
        """Clear the session's cookie."""
        response.del_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="Lax")
