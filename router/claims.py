"""Giving capacity back, once the conversations that held it are really let go."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router.assign import without_claims
from router.ports import Commit, Store

ROUNDS = 5


async def free(store: Store, gone: Mapping[str, set[str]], now: datetime) -> None:
    """Free these claims, by agent; what loses its races is freed by the sweep for orphans.

    Never in the commit that lets the conversation go: were that lost, its owner would own it without
    a claim, and be given more than they have room for.
    """
    left = {agent: claims for agent, claims in gone.items() if claims}
    for _ in range(ROUNDS):
        if not left:
            return
        agents = await store.agents()
        known = [(agents[one], without_claims(agents[one], left[one], now)) for one in left if one in agents]
        fresh = [replace(after, version=before.version + 1) for before, after in known if after is not before]
        outcome = await store.commit(Commit(agents=fresh))
        left = {one.id: left[one.id] for one, won in zip(fresh, outcome.agents, strict=True) if not won}
