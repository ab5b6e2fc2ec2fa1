"""Channels on which no note can go out, as nobody who stands behind their queue has agreed to notes in their name."""

from collections.abc import Collection, Mapping

from rules.evaluate import Rulebook


def unspoken(
    book: Rulebook, channels: Collection[str], voices: Mapping[str, Collection[str]]
) -> Mapping[str, str]:
    """Return those channels, each with the name of whoever should agree first; `voices` says who has, and where.

    Looked at is the queue that a channel's messages go to where no rule says otherwise. The sample team is
    made up, and nobody asks it.
    """
    if book.sample:
        return {}
    found: dict[str, str] = {}
    for channel in sorted(channels):
        policy = book.policy(channel)
        queue = book.queue(policy.queue)
        people = [book.people[one] for one in (*queue.duty, queue.lead) if one in book.people]
        agreed = any(channel in voices.get(one.id, ()) for one in people)
        if people and not agreed and policy.acknowledge != "never":
            found[channel] = people[0].name
    return found
