from channels.message import Kind
from sandbox.twilio.people import Mood
from tests.support.calling import MARIA, TOM, office


async def test_a_customer_who_asked_is_connected() -> None:
    """The agent is called first, hears who and why, presses 1, is bridged, and the promise counts as kept."""
    async with office() as at:
        await at.stand.ask("Ana", "Where is my parcel?")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        await at.stand.settle()
        (asked,), (spoke,) = at.host.asked(), at.host.of(Kind.AGENT)
    ana = at.stand.customers["Ana"]
    assert (asked.text, asked.sender.address, asked.sender.name) == ("Where is my parcel?", ana.number, "Ana")
    assert (spoke.thread, spoke.sender.address, spoke.sender.name) == (asked.thread, MARIA, "Maria Jensen")
    assert spoke.text == "Maria Jensen called; spoke 0 min 20 s."
    heard = " ".join(at.stand.people[MARIA].heard)
    assert "Hello Maria Jensen. Ana, number ending 0 1 0 0, asked to be called" in heard
    assert [row.text for row in at.stand.ledger.to("Ana")] == [
        "Hello, this is Example, calling you back. One moment, please. (speaks with Maria for 20 s)"
    ]
    legs = list(at.stand.legs.values())
    assert [(leg.to, leg.direction) for leg in legs] == [
        (MARIA, "outbound-api"),
        (ana.number, "outbound-dial"),
    ]


async def test_an_agent_who_does_not_answer_passes_it_on() -> None:
    """The case goes on to somebody else, who is called; the customer notices nothing."""
    async with office() as at:
        at.stand.person(MARIA).mood = Mood.NO_ANSWER
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.passed, "the case to be passed on")
        at.host.give(at.host.asked()[0], "tom")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
    ((thread, agent, why),) = at.host.passed
    assert (thread, agent) == (at.host.asked()[0].thread, "maria")
    assert why == "Maria Jensen did not come to the telephone, so this is back in the queue."
    assert at.host.of(Kind.AGENT)[0].sender.address == TOM
