"""What follows from a conversation or a message: urgency, lane, times to look again, names to be found by."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from channels.message import Message
from router.conversation.document import Conversation
from router.conversation.parts import Item
from router.conversation.states import SETTLED, WAITED_FOR, NoteKind, PromiseState, SendState, Status

#: Order of the priorities; anything more urgent comes before anything less urgent.
PRIORITY_RANK = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


#: Letters by the keys of a telephone.
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
#: Of several promised for the same time the one due first comes first: that part of the difference counts.
TIE = 1e-3
#: How long before the provider's window closes the work becomes urgent.
WINDOW_WARNING = timedelta(minutes=40)


def urgency(conversation: Conversation) -> float:
    """Return the sort key: priority first, then the time to answer by: the promised one where it comes earlier.

    So a promised item is overtaken by what came later only where a rule or a channel gives that less time,
    and not at all once its promise is about to be missed: then it stands one priority higher.
    """
    rank = PRIORITY_RANK.get(conversation.priority, 2)
    if conversation.pressing:
        rank = max(0, rank - 1)
    due = conversation.due_at or conversation.updated_at
    made = conversation.promise
    if made is not None and made.state is PromiseState.MADE and conversation.waiting_since is not None:
        early_s = max(0.0, (due - made.at).total_seconds())
        return rank * 1e11 + due.timestamp() - early_s * (1 - TIE)
    return rank * 1e11 + due.timestamp()


def lane(conversation: Conversation) -> str:
    """Return the waiting line: all in one lane need the same of an agent.

    Form: `queue|channel|language|skill,skill`. Empty when nobody has to be found.
    """
    if conversation.status is not Status.OPEN or conversation.owner or conversation.not_before is not None:
        return ""
    return lane_name(conversation.queue, conversation.channel, conversation.language, conversation.skills)


def lane_name(queue: str, channel: str, language: str, skills: tuple[str, ...]) -> str:
    """Return the lane for these needs."""
    return f"{queue}|{channel}|{language}|{','.join(sorted(skills))}"


def indexed(conversation: Conversation) -> Conversation:
    """Return it with the derived fields set; every step ends with this."""
    sends = (item.next_at for item in conversation.outbox if item.next_at is not None)
    return msgspec.structs.replace(
        conversation,
        lane=lane(conversation),
        urgency=urgency(conversation),
        send_at=min(sends, default=None),
        wake_at=min(wakes(conversation), default=None),
    )


def wakes(conversation: Conversation) -> list[datetime]:
    """Return the instants at which a timer has something to do."""
    found = _of_promise(conversation)
    if conversation.check_at is not None and conversation.status in {Status.PENDING, Status.RESOLVED}:
        found.append(conversation.check_at)
    if conversation.neglect_at is not None and is_owed(conversation):
        found.append(conversation.neglect_at)
    if conversation.due_at is not None and not conversation.overdue and is_owed(conversation):
        found.append(conversation.due_at)
    if conversation.note_at is not None and conversation.status is Status.OPEN:
        found.append(conversation.note_at)
    if conversation.snoozed_until is not None and conversation.status is Status.SNOOZED:
        found.append(conversation.snoozed_until)
    if conversation.not_before is not None:
        found.append(conversation.not_before)
    if conversation.idle_until is not None and conversation.status is Status.PENDING and conversation.owner:
        found.append(conversation.idle_until)
    closing = window_warning_at(conversation)
    if closing is not None:
        found.append(closing)
    return found


def _of_promise(conversation: Conversation) -> list[datetime]:
    """Return the instants at which the promise is looked after."""
    found = []
    if conversation.promise is not None and promise_told(conversation):
        found.append(conversation.promise.at)
        stage = promise_stage(conversation)
        if stage is not None:
            found.append(stage[1])
    if taken_over(conversation):
        found.append(conversation.introduce_at or conversation.updated_at)
    if conversation.prepared is not None and conversation.prepared.say_at is not None:
        found.append(conversation.prepared.say_at)
    return found


def window_warning_at(conversation: Conversation) -> datetime | None:
    """Return when somebody must be told that the provider soon takes no answer; None = no need to."""
    if conversation.reply_until is None or conversation.window_told or not is_owed(conversation):
        return None
    return conversation.reply_until - WINDOW_WARNING


def is_owed(conversation: Conversation) -> bool:
    """Tell whether somebody of ours still owes something by the due time, an answer on its way included."""
    if conversation.status in {Status.OPEN, Status.HELD}:
        return True
    return conversation.status is not Status.MERGED and conversation.waiting_since is not None


def is_work(conversation: Conversation) -> bool:
    """Tell whether somebody could answer now; who wants to be reached later waits for nobody yet."""
    waits = conversation.status is Status.OPEN and conversation.waiting_since is not None
    return waits and conversation.not_before is None


def promise_told(conversation: Conversation) -> bool:
    """Tell whether the running promise has left in a note: only then can it be kept or broken."""
    made = conversation.promise
    if made is None or made.state is not PromiseState.MADE:
        return False
    if made.carried or made.shown:
        return True
    left = {SendState.SENDING, SendState.SENT, SendState.UNKNOWN}
    return any(
        (item.note is not None or item.update) and item.at == made.made_at and item.state in left
        for item in conversation.outbox
    )


def taken_over(conversation: Conversation) -> bool:
    """Tell whether somebody else owns it now than the owner whose promise the customer has heard."""
    made = conversation.promise
    if made is None or not made.owner or conversation.owner in {"", made.by}:
        return False
    return conversation.status in WAITED_FOR and promise_told(conversation)


def promise_stage(conversation: Conversation) -> tuple[str, datetime] | None:
    """Return what happens next with the running promise before its time passes, and when: owner, lead, renew.

    While an answer is on its way nobody is told of another time: that stage waits until it has left or failed.
    """
    made = conversation.promise
    if made is None or made.state is not PromiseState.MADE:
        return None
    told = () if answer_on_its_way(conversation) else (("renew", made.renew_at),)
    stages = (("owner", made.warn_at), ("lead", made.lead_at), *told)
    names = ["", "owner", "lead", "renew"]
    done = names.index(conversation.warned)
    return next(((name, at) for name, at in stages[done:] if at is not None), None)


def answer_on_its_way(conversation: Conversation) -> bool:
    """Tell whether a person's answer to the running wait was written, and is neither accepted nor given up."""
    return any(
        item.state not in SETTLED and not _undecided(item) for item in _answers_to_the_wait(conversation)
    )


def answer_in_doubt(conversation: Conversation) -> bool:
    """Tell whether an answer to the running wait may have arrived, and only a person can find out."""
    return any(_undecided(item) for item in _answers_to_the_wait(conversation))


def _answers_to_the_wait(conversation: Conversation) -> list[Item]:
    found = (one for one in conversation.outbox if one.note is None and not one.unless_seen)
    return [one for one in found if one.trigger == conversation.waiting_on]


def _undecided(item: Item) -> bool:
    return item.state is SendState.UNKNOWN and item.next_at is None


def note_id(conversation: str, trigger: str, kind: NoteKind) -> str:
    """Return the id of the one note that this trigger may cause: hash(conversation, trigger, kind)."""
    return "n_" + hashlib.sha256(f"{conversation}\n{trigger}\n{kind}".encode()).hexdigest()[:24]


def customer_id(identity: str) -> str:
    """Return the id of the customer who first comes with this identity key, the same whoever makes the record."""
    return "c_" + hashlib.sha256(identity.encode()).hexdigest()[:24]


def links_of(message: Message) -> tuple[str, ...]:
    """Return the names under which the conversation of this message may be stored.

    `thread:` names are trusted (only members can write there); `mid:` names are citations.
    """
    found = []
    if message.thread:
        found.append(thread_link(message.channel, message.account, message.thread))
    found += [f"mid:{cited}" for cited in reversed(message.references[-10:])]
    if message.about:
        found.append(f"mid:{message.about}")
    if message.token:
        found.append(f"ref:{reference_in(message.token)}")
    if message.fingerprint:
        found.append(f"fp:{message.fingerprint}")
    return tuple(dict.fromkeys(found))


def reference_in(token: str) -> str:
    """Return the reference that a reply token names, its signature not looked at: `hb7k2q9-…` → `HB-7K2Q9`."""
    name = token.partition("-")[0].upper()
    return f"{name[:2]}-{name[2:]}"


def keypad(text: str) -> str:
    """Return the digits under which a reference is typed on a telephone (ITU-T E.161), `HB-` left out."""
    digits = text.upper().removeprefix("HB").translate(_KEYS)
    return "".join(one for one in digits if one in "0123456789")


def keypad_link(digits: str) -> str:
    """Return the link of a reference typed on a telephone."""
    return f"keypad:{digits}"


def thread_link(channel: str, account: str, thread: str) -> str:
    """Return the link of a provider's thread."""
    return f"thread:{channel}:{account}:{thread}"
