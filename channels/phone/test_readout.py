from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from channels.errors import InDoubt, NotSent, Refused
from channels.message import Identity, Outgoing
from channels.phone.keys import key_of
from sandbox.faults import Fault
from sandbox.twilio.people import Mood
from tests.support.calling import Office, office


@dataclass
class Asked:
    """A customer who has asked to be called, and is called by nobody."""

    at: Office
    thread: str
    number: str

    def answer(self, text: str = "It is on its way.", id: str = "r_1") -> Outgoing:
        """Return what Maria writes to them."""
        out = self.at.host.outgoing(self.thread, text, automatic=False, id=id)
        return replace(out, to=Identity(kind="phone", address=self.number))


async def asked(at: Office) -> Asked:
    """Let Ana ask."""
    await at.stand.ask("Ana", "Where is my parcel?")
    return Asked(at, at.host.asked()[0].thread, at.stand.customers["Ana"].number)


async def test_what_a_person_wrote_is_read_out_once() -> None:
    """The customer is called, presses 1, hears it; the same again is not read twice."""
    async with office(calling=False) as at:
        ana = await asked(at)
        sent = await at.phone.send(ana.answer())
        assert await at.phone.send(ana.answer()) == sent
        assert await at.phone.reconcile(ana.answer()) == sent
        await at.stand.settle()
    (row,) = at.stand.ledger.to("Ana")
    assert (
        "Maria Jensen has an answer for you, which is read out by software. Press 1 to hear it." in row.text
    )
    assert row.text.count("It is on its way.") == 2  # they pressed 1 to hear it again
    assert len(at.stand.legs) == 1


@pytest.mark.parametrize("mood", [Mood.BUSY, Mood.NO_ANSWER, Mood.MACHINE])
async def test_who_does_not_take_the_call_is_tried_again_then_shown(mood: Mood) -> None:
    """As the retries say; a machine hears nothing of it; at last the author is told."""
    async with office(calling=False, retries=("5m",)) as at:
        ana = await asked(at)
        at.stand.customers["Ana"].mood = mood
        with pytest.raises(NotSent) as missed:
            await at.phone.send(ana.answer())
        assert missed.value.after_s == 300
        with pytest.raises(Refused, match="2 calls"):
            await at.phone.send(ana.answer())
        await at.stand.settle()
    assert "It is on its way." not in " ".join(row.text for row in at.stand.ledger.to("Ana"))


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.FAILED_AFTER])
async def test_in_doubt_it_is_looked_up(fault: Fault) -> None:
    """The call had begun all the same: it is found, and nobody is called twice."""
    async with office(calling=False) as at:
        ana = await asked(at)
        at.stand.faults.set(fault, times=1)
        with pytest.raises(InDoubt):
            await at.phone.send(ana.answer())
        await at.stand.settle()
        assert (await at.phone.reconcile(ana.answer())) is not None
    assert len(at.stand.legs) == 1


@pytest.mark.parametrize(("fault", "kind"), [(Fault.THROTTLED, NotSent), (Fault.REFUSED, Refused)])
async def test_what_certainly_did_not_begin_is_said_so(fault: Fault, kind: type[Exception]) -> None:
    """Throttled: later. No such number: a person must act. Neither counts as a try."""
    async with office(calling=False) as at:
        ana = await asked(at)
        at.stand.faults.set(fault, times=1)
        with pytest.raises(kind):
            await at.phone.send(ana.answer())
        assert await at.phone.send(ana.answer()) is not None


async def test_whoever_looks_at_their_page_reads_it_there() -> None:
    """The page is open: the answer stands on it, and nobody is called."""
    async with office(calling=False) as at:
        ana = await asked(at)
        query = {"account": "test", "id": ana.thread, "key": key_of(at.host, ana.thread)}
        async with at.session.get(f"{at.url}/callback/standing", params=query) as answer:
            assert answer.status == 200
        await at.phone.send(ana.answer())
        assert await at.phone.reconcile(ana.answer()) is not None
    assert at.stand.legs == {}


async def test_a_note_is_laid_out_once() -> None:
    """Notes wait for the caller on the line and the page; what was never laid out is said so."""
    async with office(calling=False) as at:
        ana = await asked(at)
        note: Any = at.host.outgoing(ana.thread, "I'll call.", id="n_1")
        with pytest.raises(NotSent):
            await at.phone.reconcile(note)
        assert await at.phone.send(note) == await at.phone.send(note) == await at.phone.reconcile(note)
        with pytest.raises(Refused):
            await at.phone.send(at.host.outgoing("", "I'll call."))
