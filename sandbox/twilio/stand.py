"""The stand-in: accounts, calls, webhooks to the connected hook, and a ledger of what customers heard."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

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


class TwilioStand(Exchange):
    """Twilio Voice on this machine."""

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
        self._late: list[Coroutine[Any, Any, None]] = []

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
        for held in self._late:
            held.close()
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
        """Let a customer ask to be called: by the site's form; or by calling in, where the text is keys to press.

        Keys are digits, * and #, apart by spaces for each question: `2 1`.
        """
        del thread, public
        person = self.customer(customer)
        if text and set(text) <= set("0123456789*# "):
            person.keys = text.split()
            leg = await self.ring(customer)
            self.ledger.wrote(id=leg.sid, customer=customer, text=text)
            return leg.sid
        name = uuid.uuid4().hex
        row = self.ledger.wrote(id=name, customer=customer, text=text)
        await self._ask(person, text, name)
        return row.id

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our people call the customer from their own telephone: the provider, and we, see nothing."""
        name = f"native-{uuid.uuid4().hex}"
        self.ledger.heard(id=name, customer=customer, text=text)
        return name

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
        await Line(self, leg).run(self._hook)
        leg.status = "completed"
        return leg

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
        if leg.person.customer:
            self.ledger.heard(id=leg.sid, customer=leg.person.name, text=text)

    def meets(self, leg: Leg, other: Leg, seconds: int) -> None:
        """Note that two people speak with each other."""
        for one, their in ((leg, other), (other, leg)):
            if one.person.customer:
                number = their.person.number
                text = f"(speaks with {their.person.name or number} for {seconds} s)"
                self.ledger.heard(id=one.sid, customer=one.person.name, text=text, thread=number)

    async def fetch(self, leg: Leg, url: str, form: dict[str, str]) -> str | None:
        """Ask for TwiML, then, where that fails, the number's fallback."""
        found = await self._post(url, leg.form(**form, **self._proofs(leg)))
        if found is None and leg.direction == "inbound" and self.fallback:
            failed = leg.form(ErrorUrl=url, ErrorCode="11200")
            found = await self._post(f"{self._hook}/fallback", failed)
        return found

    def _proofs(self, leg: Leg) -> dict[str, str]:
        return self._first if leg.direction == "inbound" else {}

    _first: dict[str, str] = {}

    async def _post(self, url: str, form: dict[str, str]) -> str | None:
        assert self._session is not None  # noqa: S101  # started
        headers = {"X-Twilio-Signature": signature(self.auth_token, url, form)}
        try:
            async with self._session.post(url, data=form, headers=headers) as answer:
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
        if self.faults.strikes(Fault.LOST):
            return
        if self.faults.strikes(Fault.LATE):
            self._spawn(self._later(leg.callback, form))
            return
        if self.faults.strikes(Fault.REORDERED):
            self._late.append(self._send(leg.callback, form))
            return
        await self._send(leg.callback, form)
        if self.faults.strikes(Fault.TWICE):
            await self._send(leg.callback, form)
        held, self._late = self._late, []
        for one in held:
            await one

    async def tell_machine(self, leg: Leg, url: str) -> None:
        """Tell who answered."""
        form = leg.form(AnsweredBy=leg.answered_by, MachineDetectionDuration="1200")
        await self._post(url, form)

    async def _send(self, url: str, form: dict[str, str]) -> None:
        await self._post(url, form)

    async def _later(self, url: str, form: dict[str, str]) -> None:
        await asyncio.sleep(self.faults.late_s)
        await self._post(url, form)

    # --- the site's form

    async def _ask(self, person: Person, text: str, name: str) -> None:
        """Ask for a call as the site's form does; what the service cannot take now is sent again."""
        assert self._session is not None  # noqa: S101  # started
        parts = urlsplit(self._hook)
        account = parts.path.rsplit("/", 1)[-1]
        url = f"{parts.scheme}://{parts.netloc}/callback/api/{account}"
        body = {"number": person.number, "name": person.name, "text": text, "id": name}
        for _ in range(60):
            try:
                async with self._session.post(url, json=body) as answer:
                    if answer.status < 500:
                        return
            except (ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(0.5)
