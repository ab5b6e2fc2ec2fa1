"""Visitors of the web chat, made up: they use our own protocol, so there is no provider to imitate."""

import hashlib
from urllib.parse import urlsplit

from sandbox.crew import Crew
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.webchat.browser import Browser, Site


class WebChatStand:
    """Opens a browser for each customer who writes; the ledger has what the service took and what was shown."""

    #: The visitor's line may be slow, die or drop; what goes wrong at a provider's API has no place here.
    knows = frozenset({Fault.DROPPED, Fault.TWICE, Fault.LATE, Fault.SLOW, Fault.BLACK_HOLE})

    def __init__(self) -> None:
        """Begin with nobody in the chat."""
        self.ledger = Ledger()
        self.faults = Faults()
        self._crew = Crew()
        self._site: Site | None = None
        self._browsers: dict[str, Browser] = {}

    async def start(self) -> None:
        """Be ready; the service itself listens."""
        await self._crew.start()

    async def stop(self) -> None:
        """Let every visitor close the browser."""
        await self._crew.stop()
        self._browsers.clear()

    def settings(self) -> dict[str, object]:
        """Return settings that let many visitors of one machine in."""
        return {"rate": 600, "title": "Ask us"}

    async def connect(self, hook: str) -> None:
        """Take where the service is from the hook that the account would have."""
        parts = urlsplit(hook)
        self._site = Site(
            url=f"{parts.scheme}://{parts.netloc}", account=parts.path.rstrip("/").rpartition("/")[2]
        )

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a visitor write; returns once the service has it. A visitor has one thread, seen by nobody else."""
        del thread, public
        browser = self._browsers.get(customer)
        if browser is None or not browser.open:
            browser = self._browse(customer)
        key = await browser.write(text)
        self.ledger.wrote(id=key, customer=customer, text=text)
        return key

    async def answer(self, customer: str, text: str) -> str:
        """Refuse: the chat is our own, and has no other app in which somebody could answer."""
        raise NotImplementedError(
            f"Nobody answers {customer} outside the desk: the chat has no app of its own."
        )

    def _browse(self, customer: str) -> Browser:
        if self._site is None:
            raise RuntimeError("Call connect() first: the visitors must know where the chat is.")

        def shown(id: str, text: str) -> None:
            self.ledger.heard(id=id, customer=customer, text=text)

        browser = Browser(
            self._site, self.faults, shown, address=address_of(customer, self._site), name=customer
        )
        self._browsers[customer] = browser
        self._crew.spawn(browser.run())
        return browser


def address_of(customer: str, site: Site) -> str:
    """Return an address of this machine for the visitor, so that each has their own share of the limits."""
    if urlsplit(site.url).hostname != "127.0.0.1":
        return ""
    digest = hashlib.blake2b(customer.encode(), digest_size=3).digest()
    return f"127.{1 + digest[0] % 254}.{digest[1]}.{1 + digest[2] % 254}"
