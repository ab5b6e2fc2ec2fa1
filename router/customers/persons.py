"""One person under several identities: what is known is kept with the identity it came by, and shown as one.

Pure. A customer has parts: the customers that they were. Taking parts together or apart moves nothing else,
so that undoing gives each what it had, and what came since by its identities.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Customer, Join, Mark, Part

#: The channel has proved that somebody with one identity has the other one too.
SIGNED = "signed"
#: Both have the same address, proved on both sides.
ADDRESS = "address"
#: Somebody of ours said so.
PERSON = "person"

#: So many addresses that somebody says they have are kept.
CLAIMS_KEPT = 10
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_FIELDS = tuple(field.name for field in msgspec.structs.fields(Part))


class Conflict(Struct, frozen=True, kw_only=True):
    """An attribute of which the parts say different things."""

    name: str
    #: What holds; "" = removed.
    value: str
    #: True when it holds because a person set it, else because it was set last.
    person: bool
    #: What the others say.
    others: tuple[str, ...]


def parts(one: Customer) -> tuple[Part, ...]:
    """Return the parts; somebody who was never joined to others is one part."""
    return one.parts or (Part(**{name: getattr(one, name) for name in _FIELDS}),)


def holder(one: Customer, key: str) -> Part | None:
    """Return the part with this identity: the one that came with it before the one that has it besides."""
    having = [part for part in parts(one) if any(each.key == key for each in part.identities)]
    return min(having, key=lambda part: part.identities[0].key != key, default=None)


def came_by(one: Customer, key: str) -> str:
    """Return the id of the customer who came by this identity."""
    part = holder(one, key)
    return one.id if part is None else part.id


def proved(one: Customer, key: str) -> bool:
    """Tell whether there is evidence that the identity is theirs."""
    return any(each.key == key and each.verified for each in one.identities)


def parted(one: Customer, other: Customer) -> bool:
    """Tell whether a person said that these are two people."""
    return bool(set(one.apart) & set(other.ids) or set(other.apart) & set(one.ids))


def changed(one: Customer, part_id: str, change: Callable[[Part], Part]) -> Customer:
    """Change one part; an unknown id means the part that the record began with."""
    known = parts(one)
    wanted = part_id if any(part.id == part_id for part in known) else known[0].id
    after = tuple(change(part) if part.id == wanted else part for part in known)
    return one if after == known else whole(one, after)


def whole(one: Customer, after: Iterable[Part]) -> Customer:
    """Return the customer made of these parts, the part with its own id first."""
    ordered = sorted(after, key=lambda part: part.id != one.id)
    if len(ordered) == 1:
        return replace(one, parts=(), **{**_values(ordered[0]), "id": one.id})
    return replace(one, parts=tuple(ordered), **{**_values(_together(ordered)), "id": one.id})


def _values(part: Part) -> dict[str, object]:
    return {name: getattr(part, name) for name in _FIELDS}


def _together(ordered: Collection[Part]) -> Part:
    identities: dict[str, Identity] = {}
    claims: dict[str, Identity] = {}
    for part in ordered:
        for each in part.identities:
            if each.key not in identities or (each.verified and not identities[each.key].verified):
                identities[each.key] = each
        claims.update((each.key, each) for each in part.claims)
    last = max(ordered, key=lambda part: (part.last_owner != "", part.last_owner_at or _NEVER))
    best = {name: _best(ordered, name) for name in _names(ordered)}
    return Part(
        id="",
        name=next((part.name for part in ordered if part.name), ""),
        identities=tuple(identities.values()),
        attributes={name: part.attributes[name] for name, part in best.items() if name in part.attributes},
        marks={name: part.marks[name] for name, part in best.items() if name in part.marks},
        claims=tuple(each for key, each in claims.items() if key not in identities)[-CLAIMS_KEPT:],
        last_owner=last.last_owner,
        last_owner_at=last.last_owner_at,
    )


def _names(ordered: Iterable[Part]) -> dict[str, None]:
    return dict.fromkeys(name for part in ordered for name in (*part.attributes, *part.marks))


def _best(ordered: Iterable[Part], name: str) -> Part:
    """Return the part whose word counts: what people set before what channels told, then what was set last."""
    saying = [part for part in ordered if name in part.attributes or name in part.marks]
    return max(saying, key=lambda part: _weight(part.marks.get(name)))


def _weight(mark: Mark | None) -> tuple[bool, datetime]:
    return (False, _NEVER) if mark is None else (mark.person, mark.at)


def conflicts(one: Customer) -> list[Conflict]:
    """Return where the parts differ, and what holds."""
    found = []
    for name in _names(one.parts):
        value = one.attributes.get(name, "")
        others = [
            part.attributes[name] for part in one.parts if part.attributes.get(name, value or None) != value
        ]
        if said := tuple(dict.fromkeys(each for each in others if each)):
            mark = one.marks.get(name)
            person = mark is not None and mark.person
            found.append(Conflict(name=name, value=value, person=person, others=said))
    return found


# --- what is told of them


def set_attributes(part: Part, given: Mapping[str, str], mark: Mark, *, joined: bool) -> Part:
    """Set the named attributes, "" removes one; of several parts the one that removes remembers it."""
    attributes, marks = dict(part.attributes), dict(part.marks)
    for name, value in given.items():
        if value == attributes.get(name, "") and not (joined and mark.person):
            continue
        if value:
            attributes[name] = value
        else:
            attributes.pop(name, None)
        if value or joined:
            marks[name] = mark
        else:
            marks.pop(name, None)
    return replace(part, attributes=attributes, marks=marks)


def recognised(part: Part, sender: Identity) -> Part:
    """Take the sender's name, and evidence that the identity is theirs."""
    identities = tuple(
        replace(each, verified=True) if each.key == sender.key and sender.verified else each
        for each in part.identities
    )
    return replace(part, name=part.name or sender.name, identities=identities)


def also(part: Part, identity: Identity) -> Part:
    """Add an identity that is proved to be theirs."""
    if any(each.key == identity.key for each in part.identities):
        return recognised(part, identity)
    claims = tuple(each for each in part.claims if each.key != identity.key)
    return replace(part, identities=(*part.identities, identity), claims=claims)


def says(part: Part, claims: Iterable[Identity]) -> Part:
    """Remember addresses that they say are theirs."""
    have = {each.key for each in part.identities}
    known = {each.key: each for each in part.claims}
    fresh = {each.key: each for each in claims if each.key not in have and each.key not in known}
    return replace(part, claims=(*part.claims, *fresh.values())[-CLAIMS_KEPT:]) if fresh else part


def answered(part: Part, agent: str, at: datetime) -> Part:
    """Remember who answered them last."""
    return part if part.last_owner == agent else replace(part, last_owner=agent, last_owner_at=at)


# --- together and apart


def united(root: Customer, leaf: Customer, join: Join) -> Customer:
    """Return the root with the parts of the leaf. A part that both have is taken from the leaf."""
    kept = {part.id: part for part in parts(root)} | {part.id: part for part in parts(leaf)}
    joins = {(each.one, each.other): each for each in (*root.joins, *leaf.joins, join)}
    apart = dict.fromkeys(each for each in (*root.apart, *leaf.apart) if each not in kept)
    return replace(whole(root, kept.values()), joins=tuple(joins.values()), apart=tuple(apart))


def taken_over(root: Customer, before: Customer, after: Customer) -> Customer:
    """Return the root with what changed in the parts of a leaf since it was read; the same value when nothing did."""
    known = {part.id: part for part in parts(before)}
    news = {part.id: part for part in parts(after) if known.get(part.id) != part}
    merged = tuple(news.get(part.id, part) for part in parts(root))
    return root if merged == parts(root) else whole(root, merged)


def sides(one: Customer, gone: Join) -> tuple[set[str], set[str]]:
    """Return the ids that stay with the record's own one when this join goes, and those that leave."""
    joins = [each for each in one.joins if each is not gone]
    staying = {one.id}
    while True:
        reached = {
            name for each in joins for name in (each.one, each.other) if staying & {each.one, each.other}
        }
        if reached <= staying:
            break
        staying |= reached
    return staying & set(one.ids), set(one.ids) - staying


def only(one: Customer, id: str, ids: Collection[str], *, against: Iterable[str]) -> Customer:
    """Return the record `id` made of these parts alone, with a note of whom they are not."""
    known = [part for part in parts(one) if part.id in ids]
    joins = tuple(each for each in one.joins if each.one in ids and each.other in ids)
    apart = tuple(dict.fromkeys((*one.apart, *against)))
    return replace(whole(Customer(id=id), known), joins=joins, apart=apart)


def unfinished(leaf: Customer) -> Join | None:
    """Return the join that a record was sealed for, if it leads out of it."""
    return next((each for each in leaf.joins if not {each.one, each.other} <= set(leaf.ids)), None)
