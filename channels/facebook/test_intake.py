from channels.facebook.conftest import Served
from channels.message import Kind


async def test_a_message_in_messenger_comes_in(fb: Served) -> None:
    """A customer's message has their name, its window, and a thread that only they can write to."""
    mid = await fb.stand.write("Ana Costa", "Where is my parcel? 📦", public=False)
    (message,) = await fb.arrives()
    person = fb.stand.world.person("Ana Costa")
    assert message.key == f"fb:{mid}"
    assert message.message_id == f"fb:{mid}"
    assert message.kind is Kind.CUSTOMER
    assert (message.sender.key, message.sender.name) == (f"facebook:{person.id}", "Ana Costa")
    assert message.text == "Where is my parcel? 📦"
    assert message.thread == f"dm/{person.id}"
    assert not message.public
    assert message.reply_until is not None
    assert message.sent_at is not None
    assert (message.reply_until - message.sent_at).total_seconds() == 24 * 3600


async def test_send_and_echo(fb: Served) -> None:
    """An answer reaches the customer once, and its own echo is no message."""
    await fb.stand.write("Ana Costa", "Hello?", public=False)
    (message,) = await fb.arrives()
    outgoing = fb.answer(message)
    sent = await fb.page.send(outgoing)
    await fb.echoed(outgoing)
    assert [row.text for row in fb.stand.ledger.to("Ana Costa")] == [outgoing.text]
    assert sent.message_id == f"fb:{fb.stand.ledger.to('Ana Costa')[0].id}"
    assert len(fb.host.delivered) == 1
    assert await fb.page.reconcile(outgoing) == sent


async def test_comment(fb: Served) -> None:
    """An answer to a comment stands below it, and its own webhook is no message."""
    cid = await fb.stand.write("Ana Costa", "Do you ship to Norway?")
    (message,) = await fb.arrives()
    assert message.key == f"fbc:{cid}:add"
    outgoing = fb.answer(message)
    sent = await fb.page.send(outgoing)
    await fb.host.wait_for(lambda: len(fb.stand.hooks.answers) >= 2, 5)
    assert len(fb.host.delivered) == 1
    assert fb.stand.ledger.to("Ana Costa")[0].public
    assert await fb.page.reconcile(outgoing) == sent
