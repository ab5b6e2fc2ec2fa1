"""The working set of one batch: conversations as they will be, and what is to be written."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from channels.message import Message
from router.conversation import (
    Agent,
    Conversation,
    Customer,
    Entry,
    Event,
    Join,
    Status,
    customer_id,
    indexed,
    thread_link,
)
from router.customers import persons
from router.house import House
from router.journal import changed, event
from router.ports import Change, Commit, Ids, Loaded


class Draft:
    """What a batch read, and what it has changed so far; nothing here touches the outside."""

    def __init__(self, loaded: Loaded, house: House, ids: Ids, now: datetime) -> None:
        """Start from what was loaded."""
        self.loaded, self.house, self.ids, self.now = loaded, house, ids, now
        self.agents: dict[str, Agent] = dict(loaded.agents)
        #: Messages that began a wait in this batch, by conversation.
        self.triggers: dict[str, Message] = {}
        #: Why the batch's messages were attached where they are, by message key.
        self.reasons: dict[str, str] = {}
        self._now_known: dict[str, Conversation] = dict(loaded.conversations)
        self._base: dict[str, Conversation | None] = {}
        self._links: dict[str, list[str]] = {link: list(ids) for link, ids in loaded.links.items()}
        self._senders: dict[str, list[str]] = {}
        self._applied: dict[str, list[Entry]] = {}
        self._events: dict[str, list[Event]] = {}
        self._needs: dict[str, list[str]] = {}
        #: Claims to give back once the conversation's change has won: conversation → (agent, claim).
        self.released: dict[str, tuple[str, str]] = {}
        #: Claims taken in this draft: conversation → (agent, claim).
        self.taken: dict[str, tuple[str, str]] = {}
        self._agents_changed: dict[str, int] = {}
        #: Customers by id, as they will be; whose an identity is; and who was changed.
        self._customers: dict[str, Customer] = {one.id: one for one in loaded.customers.values()}
        self._whose: dict[str, str] = {key: one.id for key, one in loaded.customers.items()}
        self._customers_changed: dict[str, None] = {}
        #: Customers who turned out to be the same person, to be joined once this draft is written.
        self.joins: list[Join] = []
        for one in loaded.conversations.values():
            self._index(one)

    # --- reading

    def holding(self, message: Message) -> Conversation | None:
        """Return the conversation that has the message already."""
        stored = self.loaded.messages.get(message.key)
        if stored is not None and stored.conversation:
            return self._now_known.get(stored.conversation)
        for one in self.linked(thread_link(message.channel, message.account, message.thread)):
            if any(entry.key == message.key for entry in one.entries):
                return one
        born = self._now_known.get(birth_id(message))
        if born is not None and any(entry.key == message.key for entry in born.entries):
            return born
        return None

    def linked(self, link: str) -> list[Conversation]:
        """Return the conversations with this link, newest first; merged ones give way to their heirs."""
        found = (
            self.heir(self._now_known[one]) for one in self._links.get(link, ()) if one in self._now_known
        )
        return sorted(found, key=lambda one: (one.updated_at, one.id), reverse=True)

    def new_id(self, message: Message) -> str:
        """Return the id for a new conversation: `birth_id`, or one of the message's own where that is taken."""
        wanted = birth_id(message)
        if wanted not in self._now_known:
            return wanted
        return "cv_" + hashlib.sha256(f"{wanted}\n{message.key}".encode()).hexdigest()[:24]

    def heir(self, conversation: Conversation) -> Conversation:
        """Follow merges to the conversation that lives on."""
        for _ in range(5):
            if conversation.status is not Status.MERGED:
                break
            conversation = self._now_known.get(conversation.merged_into, conversation)
        return conversation

    def of_sender(self, identity: str) -> list[Conversation]:
        """Return the conversations that this identity takes part in, newest first."""
        found = [self._now_known[one] for one in self._senders.get(identity, ())]
        return sorted(found, key=lambda one: (one.updated_at, one.id), reverse=True)

    def get(self, conversation: str) -> Conversation:
        """Return the conversation as it stands in this draft."""
        return self._now_known[conversation]

    def thread_link(self, message: Message) -> str:
        """Return the link of the message's thread."""
        return thread_link(message.channel, message.account, message.thread)

    def touched(self) -> list[Conversation]:
        """Return what this draft has changed."""
        return [self._now_known[one] for one in self._base]

    def customer(self, message: Message) -> Customer:
        """Return the sender's customer record, as known or new."""
        key = message.sender.key
        if key not in self._whose:
            found = Customer(id=customer_id(key), name=message.sender.name, identities=(message.sender,))
            self._whose[key] = found.id
            self._customers.setdefault(found.id, found)
        return self._customers[self._whose[key]]

    def person(self, message: Message) -> Customer:
        """Return the sender with all that is known of them, also as whom they have just turned out to be."""
        found = self.customer(message)
        for join in self.joins:
            ends = [self._with(join, one) for one in (join.one, join.other)]
            ours = [one for one in ends if one is not None and one.id == found.id]
            others = [one for one in ends if one is not None and one.id not in found.ids]
            if ours and others:
                found = persons.united(found, others[0], join)
        return found

    def holders(self, key: str) -> list[Customer]:
        """Return everybody with this identity, as they stand in this draft."""
        found = {one.id: self._customers.get(one.id, one) for one in self.loaded.holders.get(key, ())}
        for one in self._customers.values():
            if any(each.key == key for each in one.identities):
                found.setdefault(one.id, one)
        return list(found.values())

    def _with(self, join: Join, part: str) -> Customer | None:
        """Return the customer who has this part, of those whom the batch knows."""
        known = (*self._customers.values(), *self.holders(join.key))
        return next((one for one in known if part in one.ids), None)

    def know(self, conversations: Sequence[Conversation]) -> None:
        """Add conversations that were read later, unless this draft has them already."""
        for one in conversations:
            if one.id not in self._now_known:
                self._now_known[one.id] = one
                self._index(one)

    # --- changing

    def put(self, conversation: Conversation) -> Conversation:
        """Take the new state of a conversation."""
        self._base.setdefault(conversation.id, self._now_known.get(conversation.id))
        ready = indexed(conversation)
        self._now_known[ready.id] = ready
        self._index(ready)
        return ready

    def _index(self, conversation: Conversation) -> None:
        for link in conversation.links:
            ids = self._links.setdefault(link, [])
            if conversation.id not in ids:
                ids.append(conversation.id)
        for person in (*conversation.participants, conversation.contact.key):
            ids = self._senders.setdefault(person, [])
            if conversation.id not in ids:
                ids.append(conversation.id)

    def apply(self, conversation: Conversation) -> None:
        """Note that the newest entry of the conversation applies a message of this batch."""
        self.apply_entry(conversation.id, conversation.entries[-1])

    def apply_entry(self, conversation: str, entry: Entry) -> None:
        """Note that this entry of the conversation applies a message of this batch."""
        self._applied.setdefault(conversation, []).append(entry)

    def log(
        self, conversation: Conversation, kind: str, *, agent: str = "", subject: str = "", **data: object
    ) -> None:
        """Add a line to the log, written together with the conversation."""
        line = event(conversation, self.now, kind, agent=agent, subject=subject, **data)
        self._events.setdefault(conversation.id, []).append(line)

    def put_agent(self, agent: Agent) -> None:
        """Take the new claims of an agent."""
        known = self.loaded.agents.get(agent.id)
        self._agents_changed.setdefault(agent.id, known.version if known is not None else 0)
        self.agents[agent.id] = agent

    def take(self, conversation: str, agent: Agent, claim: str) -> None:
        """Take the agent's new claims, and let the conversation's change depend on them."""
        self.put_agent(agent)
        self._needs.setdefault(conversation, []).append(agent.id)
        self.taken[conversation] = (agent.id, claim)

    def release(self, conversation: Conversation) -> None:
        """Let the owner's claim be freed once this conversation's change has won."""
        if conversation.owner and conversation.claim:
            self.released[conversation.id] = (conversation.owner, conversation.claim)

    def put_customer(self, customer: Customer) -> None:
        """Take the new state of a customer."""
        if not customer.version or customer != self._customers.get(customer.id):
            self._customers[customer.id] = customer
            self._customers_changed[customer.id] = None

    def join(self, join: Join) -> None:
        """Note that two customers are the same person."""
        if not any({one.one, one.other} == {join.one, join.other} for one in self.joins):
            self.joins.append(join)

    # --- writing

    def commit(self) -> Commit:
        """Return everything that is to be written."""
        return Commit(
            changes=tuple(self._change(one) for one in self._base),
            agents=tuple(
                replace(self.agents[one], version=base + 1) for one, base in self._agents_changed.items()
            ),
            customers=tuple(
                replace(self._customers[one], version=self._customers[one].version + 1)
                for one in self._customers_changed
            ),
        )

    def _change(self, conversation: str) -> Change:
        return changed(
            self._base[conversation],
            self._now_known[conversation],
            events=self._events.get(conversation, ()),
            applied=self._applied.get(conversation, ()),
            needs=self._needs.get(conversation, ()),
        )


def birth_id(message: Message) -> str:
    """Return the id of the conversation that this message would begin.

    The same for every router, so that two first messages of a thread, or one mail that came by two
    ways, collide instead of making two.
    """
    own = message.thread or message.fingerprint
    name = f"{message.channel}\n{message.account}\n{own}" if own else message.key
    return "cv_" + hashlib.sha256(name.encode()).hexdigest()[:24]
