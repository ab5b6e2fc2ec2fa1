"""The pure steps that lead a conversation from one state to the next."""

from router.conversation import answer_on_its_way
from router.steps.answers import LIVE_IDLE_S, answered, answered_outside, reply, resolve, sent
from router.steps.entries import append, snippet
from router.steps.outbox import amend, cancel_notes, cited, enqueue, item_of, trim
from router.steps.people import disown, flag, give_back, left_address, own
from router.steps.promises import break_promise, promise, untell, withdraw
from router.steps.waits import REOPENED, await_answer, decide, end_wait, put_off, reopen, window_closing

__all__ = [
    "LIVE_IDLE_S",
    "REOPENED",
    "amend",
    "answer_on_its_way",
    "answered",
    "answered_outside",
    "append",
    "await_answer",
    "break_promise",
    "cancel_notes",
    "cited",
    "decide",
    "disown",
    "end_wait",
    "enqueue",
    "flag",
    "give_back",
    "item_of",
    "left_address",
    "own",
    "promise",
    "put_off",
    "reopen",
    "reply",
    "resolve",
    "sent",
    "snippet",
    "trim",
    "untell",
    "window_closing",
    "withdraw",
]
