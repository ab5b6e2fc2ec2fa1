"""Finds out who a customer is now, where records lead on to the one they were joined into; for every store."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from router.conversation import Customer

#: So many joins are followed one after the other; each leads to a lower id.
HOPS = 30
#: So many customers who share an identity are looked at.
HOLDERS = 8


def beyond(known: Mapping[str, Customer]) -> set[str]:
    """Return the ids that must be read too before `present` can tell."""
    return {one.joined_into for one in known.values() if one.joined_into} - known.keys()


async def heirs(
    known: dict[str, Customer], read: Callable[[Sequence[str]], Awaitable[dict[str, Customer]]]
) -> dict[str, Customer]:
    """Add the records that these lead on to."""
    for _ in range(HOPS):
        more = beyond(known)
        if not more:
            break
        known = known | await read(list(more))
    return known


def present(known: Mapping[str, Customer], id: str) -> Customer:
    """Return who this customer is now: the last on the way who has it as a part, else itself."""
    found = here = known[id]
    while here.joined_into in known and here.joined_into < here.id:
        here = known[here.joined_into]
        if id in here.ids:
            found = here
    return found


def holders(rows: Iterable[tuple[str, bool, Customer]]) -> dict[str, list[Customer]]:
    """Return the records with each identity key, from (key, came with it first, record) rows.

    Whoever first came with it stands first, then the others by id.
    """
    found: dict[str, list[Customer]] = {}
    for key, _, one in sorted(rows, key=lambda row: (row[0], not row[1], row[2].id)):
        ids = found.setdefault(key, [])
        if len(ids) < HOLDERS:
            ids.append(one)
    return found


def now(found: Mapping[str, Sequence[Customer]], known: Mapping[str, Customer]) -> dict[str, list[Customer]]:
    """Return the holders as who they are now, each once."""
    return {
        key: list({each.id: each for each in (present(known, one.id) for one in ones)}.values())
        for key, ones in found.items()
    }
