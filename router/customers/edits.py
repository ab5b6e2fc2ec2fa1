"""Customers as people set them: addresses and attributes, written so that nothing is lost on a race."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from channels import registry
from channels.message import Identity
from channels.port import Clock
from router.conversation import Customer, Event, Mark, Part, customer_id
from router.customers import persons
from router.customers.fields import identity
from router.errors import Conflict, NotFound
from router.ports import Commit, Store
from router.stores import follow

#: How often a race is run again.
ROUNDS = 10
#: So many customers are read or written in one trip.
BATCH = 200
#: So many conversations are looked at to find customers by words.
LOOKED_AT = 50
MOST_ATTRIBUTES = 50


class Entry(Struct, frozen=True, kw_only=True):
    """What is said of one customer: all their identities given here, the first one names a new customer."""

    identities: tuple[Identity, ...]
    #: "" = as it is.
    name: str = ""
    #: Those that are named change, "" removes; the others stay.
    attributes: Mapping[str, str] = {}


class Counts(Struct, frozen=True, kw_only=True):
    """What an import changed, or would change."""

    new: int = 0
    changed: int = 0
    same: int = 0


def revised(known: Customer | None, entry: Entry, mark: Mark, part: str = "") -> Customer:
    """Return the customer as the entry says they are; the same value when it says nothing new.

    `part`: which of the customers that they were is meant; else whoever came by the entry's first known identity.
    Raises ValueError.
    """
    if known is None:
        known = Customer(id=customer_id(entry.identities[0].key))
    have = {one.key for one in known.identities}
    added = {one.key: one for one in entry.identities if one.key not in have}.values()
    news = {
        name: value for name, value in entry.attributes.items() if value != known.attributes.get(name, "")
    }
    by = next((persons.came_by(known, one.key) for one in entry.identities if one.key in have), part)

    def told(one: Part) -> Part:
        one = persons.set_attributes(one, news, mark, joined=len(known.ids) > 1)
        for each in added:
            one = persons.also(one, each)
        return replace(one, name=entry.name or one.name)

    after = persons.changed(known, by, told)
    if len(after.attributes) > max(MOST_ATTRIBUTES, len(known.attributes)):
        raise ValueError(f"a customer has at most {MOST_ATTRIBUTES} attributes")
    return after


class Customers:
    """Looks customers up and changes them, by compare-and-set against the router's own writes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Take the store, and the clock for the log."""
        self._store, self._clock = store, clock

    async def find(self, address: str) -> list[Customer]:
        """Return whoever has the address: `kind:address`, or the address alone on any channel."""
        address = address.strip()
        kinds = {registry.manifest(name).identity for name in registry.names()} | {"email", "phone"}
        found = await self._store.customers_of(sorted(_keys(address, kinds)))
        return list({one.id: one for one in found.values()}.values())

    async def named(self, text: str) -> Customer:
        """Return the one customer with this id or address. Raises NotFound, Conflict."""
        known = await self._store.customer(text)
        found = [known] if known is not None else await self.find(text)
        if not found:
            raise NotFound(f"No customer has the id or address {text[:80]}.")
        if len(found) > 1:
            raise Conflict(
                f"{text[:80]} may be several customers. Write kind:address, such as email:{text[:80]}."
            )
        return found[0]

    async def like(self, text: str, limit: int) -> list[Customer]:
        """Return who has the address, and who took part in conversations with these words, newest first."""
        found = {one.id: one for one in await self.find(text)}
        ids = [one.customer for one in await self._store.search(text, LOOKED_AT)]
        known = await follow.heirs(
            await self._store.customers(list(dict.fromkeys(ids))), self._store.customers
        )
        for each in ids:
            if each in known:
                one = follow.present(known, each)
                found.setdefault(one.id, one)
        return list(found.values())[:limit]

    async def change(self, id: str, attributes: Mapping[str, str], *, by: str) -> Customer:
        """Set the named attributes, "" removes one. Raises NotFound, ValueError."""
        entry = Entry(identities=(), attributes=attributes)
        for _ in range(ROUNDS):
            known = await self._store.customer(id)
            if known is None:
                raise NotFound(f"There is no customer {id[:40]!r}.")
            after = revised(known, entry, self._mark(by), id)
            if after is known:
                return known
            if (await self._write([after], by=by))[0]:
                return replace(after, version=known.version + 1)
        raise Conflict

    async def put(self, entry: Entry, *, by: str) -> Customer:
        """Make the customer as the entry says; they may be new. Raises Conflict, ValueError."""
        await self.put_all([entry], by=by)
        key = entry.identities[0].key
        return (await self._store.customers_of([key]))[key]

    async def clashes(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Return, by place, why an entry cannot be applied to the customers that there are."""
        found: dict[int, str] = {}
        for start in range(0, len(entries), BATCH):
            part = entries[start : start + BATCH]
            known = await self._known(part)
            for place, entry in enumerate(part, start=start):
                try:
                    revised(_one(entry, known), entry, self._mark())
                except (ValueError, Conflict) as error:
                    found[place] = str(error)
        return found

    async def plan(self, entries: Sequence[Entry]) -> Counts:
        """Count what `put_all` would do, and change nothing."""
        counts = Counts()
        for start in range(0, len(entries), BATCH):
            part = entries[start : start + BATCH]
            known = await self._known(part)
            counts = _added(counts, [self._fate(_one(entry, known), entry) for entry in part])
        return counts

    async def put_all(self, entries: Sequence[Entry], *, by: str) -> Counts:
        """Make all customers as the entries say, many in one trip; again is no change. Raises Conflict."""
        counts = Counts()
        for start in range(0, len(entries), BATCH):
            counts = _added(counts, await self._put(entries[start : start + BATCH], by))
        return counts

    async def _put(self, entries: Sequence[Entry], by: str) -> list[str]:
        fates: list[str] = []
        for _ in range(ROUNDS):
            known = await self._known(entries)
            wanted: dict[str, tuple[Customer, Entry]] = {}
            later: list[Entry] = []
            for entry in entries:
                before = _one(entry, known)
                after = revised(before, entry, self._mark(by))
                if after is before:
                    fates.append("same")
                elif after.id in wanted:
                    later.append(entry)  # two entries about one customer: the second on top of the first
                else:
                    wanted[after.id] = (after, entry)
            won = await self._write([after for after, _ in wanted.values()], by=by)
            for (after, entry), ok in zip(wanted.values(), won, strict=True):
                if ok:
                    fates.append("changed" if after.version else "new")
                else:
                    later.append(entry)
            if not later:
                return fates
            entries = later
        raise Conflict("These customers were changed by others all the time. Try again.")

    def _mark(self, by: str = "") -> Mark:
        return Mark(at=self._clock.now(), person=True, by=by)

    def _fate(self, before: Customer | None, entry: Entry) -> str:
        if before is None:
            return "new"
        return "same" if revised(before, entry, self._mark()) is before else "changed"

    async def _known(self, entries: Sequence[Entry]) -> dict[str, Customer]:
        return await self._store.customers_of([one.key for entry in entries for one in entry.identities])

    async def _write(self, customers: Sequence[Customer], *, by: str) -> list[bool]:
        """Write next versions and log who did it; values of attributes stay out of the log."""
        if not customers:
            return []
        fresh = [replace(one, version=one.version + 1) for one in customers]
        won = list((await self._store.commit(Commit(customers=fresh))).customers)
        done = [one.id for one, ok in zip(fresh, won, strict=True) if ok]
        now = self._clock.now()
        await self._store.append([Event(at=now, kind="customer set", agent=by, subject=one) for one in done])
        return won


def _one(entry: Entry, known: Mapping[str, Customer]) -> Customer | None:
    """Return the one customer who has the entry's identities. Raises Conflict when they are several."""
    found = {known[one.key].id: known[one.key] for one in entry.identities if one.key in known}
    if len(found) > 1:
        keys = " and ".join(one.key for one in entry.identities if one.key in known)
        raise Conflict(f"{keys} belong to different customers; give only one of them, or join them first")
    return next(iter(found.values()), None)


def _added(counts: Counts, fates: Sequence[str]) -> Counts:
    return Counts(
        new=counts.new + fates.count("new"),
        changed=counts.changed + fates.count("changed"),
        same=counts.same + fates.count("same"),
    )


def _keys(address: str, kinds: Collection[str]) -> set[str]:
    """Return every identity key that the text may mean."""
    kind, colon, rest = address.partition(":")
    tries = [(one, address) for one in kinds] + ([(kind, rest)] if colon else [])
    found = set()
    for each, given in tries:
        try:
            found.add(identity(each, given).key)
        except ValueError:
            continue  # no address of this kind
    return found
