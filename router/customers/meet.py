"""Who writes: what a message tells of its sender, and evidence that they are somebody we know under another identity.

Only what is proved on both sides joins: an address that the channel has proved for its sender (signed by the
site), or the same proved address with two customers. What somebody merely says of themselves is remembered as
that, and joins nothing.
"""

from collections.abc import Iterable

from channels.message import Identity, Kind, Message
from router.conversation import Customer, Join, Mark, Part
from router.customers import persons
from router.draft import Draft


def meet(draft: Draft, message: Message) -> None:
    """Take what the message tells of its sender, and note whom else they turn out to be."""
    known = draft.customer(message)
    if message.kind is not Kind.CUSTOMER and not known.version:
        return  # of a stranger's machine there is nothing to know
    if message.kind in {Kind.AGENT, Kind.MACHINE, Kind.UNREADABLE}:
        return
    sender = message.sender
    proved = [one for one in message.claims if one.verified] if sender.verified else []
    mark = Mark(at=message.received_at)

    def told(part: Part) -> Part:
        part = persons.recognised(part, sender)
        part = persons.set_attributes(part, message.attributes, mark, joined=len(known.ids) > 1)
        if message.doubtful:
            return part
        for one in proved:
            if _nobody_else_has(draft, known, one):
                part = persons.also(part, one)
        elsewhere = (
            message.answer_to.key if message.answer_to is not None else ""
        )  # a contact form's customer
        return persons.says(
            part, (one for one in message.claims if not one.verified and one.key != elsewhere)
        )

    after = persons.changed(known, persons.came_by(known, sender.key), told)
    draft.put_customer(after)
    for join in _joins(draft, after, message, proved):
        draft.join(join)


def _nobody_else_has(draft: Draft, known: Customer, identity: Identity) -> bool:
    """Tell whether the identity can be theirs without a join: nobody else has proved that they have it."""
    others = (one for one in draft.holders(identity.key) if one.id != known.id)
    return not any(persons.proved(one, identity.key) or persons.parted(one, known) for one in others)


def _joins(draft: Draft, known: Customer, message: Message, proved: Iterable[Identity]) -> Iterable[Join]:
    if message.doubtful:
        return
    sender = message.sender.key
    for key, evidence in [(sender, persons.ADDRESS), *((one.key, persons.SIGNED) for one in proved)]:
        if key == sender and not persons.proved(known, key):
            continue
        for other in draft.holders(key):
            if other.id == known.id or not persons.proved(other, key) or persons.parted(known, other):
                continue
            yield Join(
                one=persons.came_by(known, sender),
                other=persons.came_by(other, key),
                evidence=evidence,
                key=key,
                at=draft.now,
            )
