"""A call under way: TwiML fetched with signed requests and acted out, verb by verb, as the provider does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from sandbox.twilio.legs import Leg
from sandbox.twilio.people import Mood, Person, obliging

#: What each verb may stand in: only those that we act out; anything else is an error, as it is at the provider.
VERBS = frozenset({"Say", "Pause", "Gather", "Redirect", "Hangup", "Dial", "Reject"})
#: Documents fetched on one call; more is a loop.
MOST_DOCUMENTS = 60
ERROR = "We are sorry, an application error has occurred. Goodbye."

#: Fetches TwiML: leg, URL, further parameters → the document, or None when it cannot be had.
Fetch = Callable[[Leg, str, dict[str, str]], Awaitable[str | None]]


class Ended(Exception):
    """The call is over."""


class Exchange:
    """What a call needs of the provider."""

    fetch: Fetch
    #: Tells a leg's change of status to whoever asked for it.
    tell: Callable[[Leg, str], Awaitable[None]]
    #: Tells whether a person or a machine answered.
    tell_machine: Callable[[Leg, str], Coroutine[Any, Any, None]]
    #: Notes what a leg hears, and that two were connected.
    hears: Callable[[Leg, str], None]
    meets: Callable[[Leg, Leg, int], None]
    #: Notes a call of a customer that has ended.
    note: Callable[[Leg], None]
    #: Returns the person with a number, and keeps a new leg.
    person: Callable[[str], Person]
    keep: Callable[[Leg], None]
    #: Seconds of ours for one of the call's.
    pace: float

    async def wait(self, seconds: float) -> None:
        """Let time pass on a call."""
        await asyncio.sleep(min(seconds * self.pace, 5.0))


class Line:
    """One leg, acted out."""

    def __init__(self, exchange: Exchange, leg: Leg, *, inside: bool = False) -> None:
        """Take the leg; `inside` is for a document heard by the dialled end before it is connected."""
        self._exchange, self._leg, self._inside = exchange, leg, inside
        self._documents = 0

    async def run(self, url: str) -> bool:
        """Act out the document at the URL and those it leads to; False when the leg hung up or was ended."""
        form: dict[str, str] = {}
        here: str | None = url
        try:
            while here is not None:
                here, form = await self._document(here, form)
        except Ended:
            return False
        return True

    async def _document(self, url: str, form: dict[str, str]) -> tuple[str | None, dict[str, str]]:
        self._documents += 1
        text = await self._exchange.fetch(self._leg, url, form) if self._documents <= MOST_DOCUMENTS else None
        root = _parsed(text)
        if root is None:
            self._break()
        if form.get("SpeechResult"):
            self._leg.said.append(form["SpeechResult"])
        for verb in root:
            self._check()
            following = await self._act(verb, url)
            if following is not None:
                return following
        return None, {}

    def _check(self) -> None:
        if self._leg.ended or self._leg.over:
            raise Ended

    def _break(self) -> NoReturn:
        """End the call as the provider does when it cannot go on."""
        self._leg.broken = True
        self._say(ERROR)
        raise Ended

    def _say(self, text: str) -> None:
        self._exchange.hears(self._leg, text)

    async def _act(self, verb: ET.Element, url: str) -> tuple[str, dict[str, str]] | None:
        """Act out one verb; a pair is the next document and what is sent to it."""
        if verb.tag == "Say":
            self._say(verb.text or "")
        elif verb.tag == "Pause":
            await self._exchange.wait(float(verb.get("length", "1")))
        elif verb.tag in {"Hangup", "Reject"}:
            raise Ended
        elif verb.tag == "Redirect":
            return urljoin(url, verb.text or ""), {}
        elif verb.tag == "Gather":
            return await self._gather(verb, url)
        elif verb.tag == "Dial" and not self._inside:
            return await self._dial(verb, url)
        else:
            self._break()
        return None

    async def _gather(self, verb: ET.Element, url: str) -> tuple[str, dict[str, str]] | None:
        for part in verb:
            await self._act(part, url)
        person = self._leg.person
        machine = self._leg.answered_by.startswith("machine")
        action = urljoin(url, verb.get("action") or url)
        if "speech" in verb.get("input", "dtmf") and person.speech and not machine:
            return action, {"SpeechResult": person.speech.pop(0), "Confidence": "0.93"}
        keys = "" if machine else person.press(dict(verb.attrib), obliging(person))
        finish = verb.get("finishOnKey", "#")
        keys = keys.split(finish)[0] if finish and len(keys) > 1 else keys
        keys = keys[: int(verb.get("numDigits", "99"))]
        if not keys:
            await self._exchange.wait(float(verb.get("timeout", "5")))
            if verb.get("actionOnEmptyResult", "false") != "true":
                return None
        return action, {"Digits": keys, "FinishedOnKey": ""}

    async def _dial(self, verb: ET.Element, url: str) -> tuple[str, dict[str, str]] | None:
        number = verb.find("Number")
        if number is None:
            self._break()
        leg = Leg(
            account=self._leg.account,
            to=(number.text or "").strip(),
            caller=verb.get("callerId", self._leg.to),
            direction="outbound-dial",
            person=self._exchange.person((number.text or "").strip()),
            parent=self._leg.sid,
            callback=number.get("statusCallback", ""),
            events=tuple(number.get("statusCallbackEvent", "completed").split()),
        )
        self._exchange.keep(leg)
        status, seconds = await Ring(self._exchange, leg).ring(number, self._leg)
        form = {
            "DialCallStatus": status,
            "DialCallSid": leg.sid,
            "DialBridged": "true" if leg.bridged else "false",
        }
        if status == "completed":
            form["DialCallDuration"] = str(seconds)
        self._leg.duration_s += seconds
        action = verb.get("action")
        return (urljoin(url, action), form) if action else None


class Ring:
    """A telephone that rings: somebody answers or not, hears a document first, then is connected or alone."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        """Take the leg that rings."""
        self._exchange, self._leg = exchange, leg

    async def answered(self) -> bool:
        """Let it ring; tell whether somebody, or something, answered."""
        leg = self._leg
        mood = leg.person.next_mood()
        for status, event in (("initiated", "initiated"), ("ringing", "ringing")):
            leg.status = status
            await self._exchange.tell(leg, event)
        await self._exchange.wait(2.0)
        if mood in {Mood.BUSY, Mood.NO_ANSWER, Mood.FAILED} or leg.ended:
            leg.status = "canceled" if leg.ended else mood.value
            await self._exchange.tell(leg, "completed")
            return False
        leg.status = "in-progress"
        leg.answered_by = "machine_start" if mood is Mood.MACHINE else "human"
        await self._exchange.tell(leg, "answered")
        return True

    async def ring(self, number: ET.Element, other: Leg) -> tuple[str, int]:
        """Let a dialled number ring and be connected; return how it ended, and the seconds."""
        leg = self._leg
        if not await self.answered():
            return leg.status, 0
        connected = True
        async with asyncio.TaskGroup() as group:
            amd = number.get("amdStatusCallback") if number.get("machineDetection") else None
            if amd:
                group.create_task(self._exchange.tell_machine(leg, amd))
            if url := number.get("url"):
                connected = await Line(self._exchange, leg, inside=True).run(url)
        seconds = 0
        if connected and not leg.ended and not other.ended:
            seconds = await self._talk(other)
        await self.end(seconds)
        self._exchange.note(leg)
        return "completed", seconds

    async def _talk(self, other: Leg) -> int:
        leg = self._leg
        seconds = min(leg.person.talk_s, other.person.talk_s)
        leg.bridged.append(other.to if other.direction != "inbound" else other.caller)
        other.bridged.append(leg.to)
        self._exchange.meets(leg, other, seconds)
        await self._exchange.wait(seconds)
        return seconds

    async def end(self, seconds: int) -> None:
        """End the leg."""
        self._leg.duration_s += seconds + 1
        self._leg.status = "completed"
        with suppress(OSError):
            await self._exchange.tell(self._leg, "completed")


def _parsed(text: str | None) -> ET.Element | None:
    """Return the root of a document that we can act out; None when it is none."""
    if text is None:
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314  # written by our own service, on the loopback
    except ET.ParseError:
        return None
    ok = root.tag == "Response" and all(verb.tag in VERBS for verb in root)
    return root if ok else None
