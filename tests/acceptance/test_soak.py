import os
import random
import threading
import time

import pytest

from tests.acceptance.test_faults import HASTY, Senders, nothing_lost_nothing_doubled, settled, shown
from tests.support.ledger import ledger
from tests.support.rabbit import RabbitNode
from tests.support.running import Running, service

MINUTES = float(os.environ.get("HANDLEBY_TEST_SOAK_MINUTES", "10"))
PACE_S = 0.05


def kill_now_and_then(running: Running, node: RabbitNode, names: list[str], until: float) -> int:
    """Kill a process or the broker at random, and start it again; return how often."""
    dice, kills = random.Random(), 0
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.5, 6))
        victim = dice.choice([*names, "broker"])
        kills += 1
        if victim == "broker":
            node.kill()
            time.sleep(dice.uniform(0, 3))
            node.start()
            continue
        running.kill(victim)
        running.start(victim, roles=[victim])
    return kills


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_many_kills_under_load_lose_and_repeat_nothing(tmp_path) -> None:
    """Kill router, channels and broker at random for minutes while mail comes in; then count."""
    folder = tmp_path / "tls"
    folder.mkdir()
    with (
        ledger(folder) as book,
        RabbitNode.started() as node,
        service(tmp_path, send=book.url, broker=node.url, rules=HASTY) as running,
    ):
        names = ["router", "channels"]
        for name in names:
            running.start(name, roles=[name])
        end = time.monotonic() + MINUTES * 60
        count = int(MINUTES * 60 / PACE_S / 10)
        senders = Senders(running, count, patience_s=MINUTES * 60 + 120)
        killer = threading.Thread(target=kill_now_and_then, args=(running, node, names, end))
        senders.start()
        killer.start()
        killer.join()
        senders.wait()
        settled(running, count, seconds=300)
        nothing_lost_nothing_doubled(book, senders, unknown=shown(running))
