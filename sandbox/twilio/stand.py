"""The stand-in: accounts, calls, webhooks to the connected hook, and a ledger of what customers heard."""

import asyncio
import random
import uuid
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.stand import Site
from sandbox.twilio.api import Api
from sandbox.twilio.legs import Leg
from sandbox.twilio.line import Exchange, Line, Ring
from sandbox.twilio.people import Person
from sandbox.twilio.sign import signature

#: Numbers of made-up customers: Danish mobiles that nobody has to answer.
FIRST_NUMBER = 4522500100
OUR_NUMBER = "+4570101010"
#: The provider gives up after so many seconds.
FETCH_S = 15.0


#: How the number's own webhook is entered at the provider: asked again where we are in trouble, and how soon.
AGAIN = "#rc=5&rp=all"
AGAIN_S = 1.0


class CallFailed(Exception):
    """The customer could not say what they wanted to."""


class TwilioStand(Exchange):
    """Twilio Voice on this machine."""

    #: What can go wrong here; status callbacks have a switch of their own, `disorder`.
    knows = frozenset(Fault) - {Fault.LOST, Fault.REORDERED, Fault.WINDOW}

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.faults = Faults()
        self.account_sid = f"AC{uuid.uuid4().hex}"
        self.auth_token = uuid.uuid4().hex
        self.number = OUR_NUMBER
        #: Everybody with a telephone, by number; and customers by their name.
        self.people: dict[str, Person] = {}
        self.customers: dict[str, Person] = {}
        #: All calls by name, in order.
        self.legs: dict[str, Leg] = {}
        #: Real seconds for one second of a call.
        self.pace = 0.01
        #: Where a call goes whose webhook fails: the number's fallback.
        self.fallback = True
        self._hook = ""
        self._api = Api(self)
        self._site = Site(self._api.routes())
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        #: Steps of ours, by the end of their path, that can never be reached.
        self.unreachable: set[str] = set()
        #: Status callbacks are lost, late, out of order and doubled.
        self.disorder = False
        self._chance = random.Random(1)
        self._late: list[tuple[str, dict[str, str]]] = []
        self._talking: dict[str, asyncio.Lock] = {}
        self._first: dict[str, str] = {}

    # --- what every stand-in offers

    async def start(self) -> None:
        """Listen."""
        await self._site.start()
        self._session = ClientSession(timeout=ClientTimeout(total=FETCH_S))

    async def stop(self) -> None:
        """End all calls and close."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await self._site.stop()

    def settings(self) -> dict[str, object]:
        """Return what an account needs; people here are called at any hour, so that a demo runs at night too."""
        return {
            "number": self.number,
            "account_sid": self.account_sid,
            "auth_token": self.auth_token,
            "api": self._site.url,
            "country": "DK",
            "call_from": "00:00",
            "call_until": "24:00",
            "requests_per_hour": 100_000,
            "calls_per_second": 20,
        }

    async def connect(self, hook: str) -> None:
        """Let the number's calls be answered by this hook."""
        self._hook = hook.rstrip("/")

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer call in and say it when they are asked what it is about; returns the call's name.

        Where the text is keys to press, apart by spaces (`2 1`), they press these and say nothing. Raises
        CallFailed when the call broke off, or nobody wanted to hear it.
        """
        del thread, public
        person = self.customer(customer)
        async with self._talking.setdefault(person.number, asyncio.Lock()):
            keys = bool(text) and set(text) <= set("0123456789*# ")
            person.keys, person.speech = (text.split(), []) if keys else ([], [text])
            leg = await self.ring(customer)
            person.keys, person.speech = [], []
        if leg.broken or not (keys or leg.said):
            raise CallFailed("the call broke off" if leg.broken else "nobody asked what it is about")
        if keys:
            self.ledger.wrote(id=leg.sid, customer=customer, text=text)
        return leg.sid

    async def answer(self, customer: str, text: str) -> str:
        """Raise NotImplementedError: who calls from a telephone of their own is seen by nobody here."""
        raise NotImplementedError(f"{customer} would be called past the provider, to hear: {text[:20]}")

    @property
    def hook(self) -> str:
        """Return where the number's calls are answered."""
        return self._hook

    # --- customers and our own people

    def customer(self, name: str) -> Person:
        """Return the customer of this name, with a telephone."""
        if name not in self.customers:
            number = f"+{FIRST_NUMBER + len(self.customers)}"
            person = Person(number=number, name=name, customer=True)
            self.customers[name] = self.people[number] = person
        return self.customers[name]

    def person(self, number: str) -> Person:
        """Return whoever has the number; somebody obliging where nobody is known."""
        return self.people.setdefault(number, Person(number=number))

    async def ring(self, customer: str, *, caller: str = "", proved: bool = False) -> Leg:
        """Let a customer call our number, and return once they have hung up; `caller` hides their number."""
        person = self.customer(customer)
        leg = Leg(
            account=self.account_sid,
            to=self.number,
            caller=caller or person.number,
            direction="inbound",
            person=person,
            status="ringing",
        )
        self.keep(leg)
        self._first = {"StirVerstat": "TN-Validation-Passed-A"} if proved else {}
        await Line(self, leg).run(f"{self._hook}{AGAIN}")
        leg.status = "completed"
        self.note(leg)
        return leg

    def note(self, leg: Leg) -> None:
        """Put what a customer said and heard on a call into the ledger, as one row each; a broken call counts not."""
        if not leg.person.customer:
            return
        for text in leg.said:
            self.ledger.wrote(id=leg.sid, customer=leg.person.name, text=text)
        if leg.words and not leg.broken:
            self.ledger.heard(id=leg.sid, customer=leg.person.name, text=" ".join(leg.words))

    # --- calls that we were asked for

    def begin(self, leg: Leg, url: str) -> None:
        """Let a call begin."""
        self.keep(leg)
        self._spawn(self._outbound(leg, url))

    async def _outbound(self, leg: Leg, url: str) -> None:
        ring = Ring(self, leg)
        if await ring.answered():
            await Line(self, leg).run(url)
            await ring.end(0)
            self.note(leg)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until no call is under way."""
        while tasks := [one for one in self._tasks if one is not asyncio.current_task()]:
            await asyncio.wait(tasks, timeout=1.0)

    # --- what a line needs

    def keep(self, leg: Leg) -> None:
        """Keep a leg."""
        self.legs[leg.sid] = leg

    def hears(self, leg: Leg, text: str) -> None:
        """Note what is said to a leg."""
        leg.person.heard.append(text)
        leg.words.append(text)

    def meets(self, leg: Leg, other: Leg, seconds: int) -> None:
        """Note that two people speak with each other."""
        for one, their in ((leg, other), (other, leg)):
            one.words.append(f"(speaks with {their.person.name or their.person.number} for {seconds} s)")

    async def fetch(self, leg: Leg, url: str, form: dict[str, str]) -> str | None:
        """Ask for TwiML, again as the address says (`#rc=5&rp=all`), then, where that fails, the number's fallback."""
        given = leg.form(**form, **self._proofs(leg))
        plain, _, overrides = url.partition("#")
        if urlsplit(plain).path.rsplit("/", 1)[-1] in self.unreachable:
            return None
        tries = 1 + int(dict(parse_qsl(overrides)).get("rc", "1"))
        if self.faults.strikes(Fault.LATE):
            await asyncio.sleep(self.faults.late_s)
        for again in range(tries):
            await asyncio.sleep(AGAIN_S if again else 0)
            found = await self._post(plain, given)
            if found is not None and self.faults.strikes(Fault.TWICE):
                found = await self._post(plain, given)  # the answer was lost on the way: asked once more
            if found is not None:
                return found
        if leg.direction == "inbound" and self.fallback:
            return await self._post(f"{self._hook}/fallback", leg.form(ErrorUrl=plain, ErrorCode="11200"))
        return None

    def _proofs(self, leg: Leg) -> dict[str, str]:
        return self._first if leg.direction == "inbound" else {}

    async def _post(self, url: str, form: dict[str, str]) -> str | None:
        assert self._session is not None  # noqa: S101  # started
        url = url.partition("#")[0]
        headers = {"X-Twilio-Signature": signature(self.auth_token, url, form)}
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        target = URL(url, encoded=True)
        try:
            async with self._session.post(target, data=urlencode(form), headers=headers) as answer:
                text = await answer.text()
                return text if answer.status < 300 else None
        except (ClientError, TimeoutError, OSError):
            return None

    async def tell(self, leg: Leg, event: str) -> None:
        """Send a status callback, as wrongly as the faults want it."""
        if not leg.callback or event not in leg.events:
            return
        form = leg.form(SequenceNumber=str(leg.sequence), CallbackSource="call-progress-events")
        leg.sequence += 1
        if leg.over:
            form["CallDuration"] = str(leg.duration_s)
        if self.disorder and self._chance.random() < 0.3:
            return  # lost
        if self.disorder and self._chance.random() < 0.5:
            self._late.append((leg.callback, form))
            return
        for url, each in [
            (leg.callback, form),
            *self._late,
            *([(leg.callback, form)] if self.disorder else []),
        ]:
            await self._post(url, each)
        self._late = []

    async def tell_machine(self, leg: Leg, url: str) -> None:
        """Tell who answered."""
        form = leg.form(AnsweredBy=leg.answered_by, MachineDetectionDuration="1200")
        await self._post(url, form)

    # --- the site's form

    async def ask(self, customer: str, text: str, **more: str) -> tuple[int, dict[str, str]]:
        """Let a customer ask to be called as the site's form does; returns status and answer."""
        assert self._session is not None  # noqa: S101  # started
        person = self.customer(customer)
        parts = urlsplit(self._hook)
        account = parts.path.rsplit("/", 1)[-1]
        url = f"{parts.scheme}://{parts.netloc}/callback/api/{account}"
        body = {"number": person.number, "name": person.name, "text": text, "id": uuid.uuid4().hex, **more}
        async with self._session.post(url, json=body) as answer:
            if answer.status < 300:
                self.ledger.wrote(id=body["id"], customer=customer, text=text)
            return answer.status, await answer.json()
