"""`handleby explain`: where a message went, and how the time in its note came about, for whoever has its reference."""

import asyncio
from pathlib import Path

import pytest

from router.bootstrap import build
from router.cli import command
from router.config import load_settings
from router.conversation import Conversation
from router.errors import NotFound
from router.foresight import Foresight
from router.journal import changed
from router.ports import Commit
from tests.support.world import World


def explain(config: Path, reference: str) -> None:
    """Run the command."""
    line = ["explain", reference, "--config", str(config)]
    command(line)(line, standalone_mode=False)


async def decided(world: World, config: Path) -> Conversation:
    """Put a mail that was promised a time into the store of these settings."""
    world.house = await Foresight(world.store, world.clock).refreshed(world.house)
    await world.take(*(world.mail_from(f"c{number}@example.org") for number in range(6)))
    (one,) = await world.take(world.mail_from())
    store = build(load_settings(config)).store
    await store.open()
    try:
        await store.commit(Commit(changes=[changed(None, one)]))
    finally:
        await store.close()
    return one


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a settings file beside the rules of the world."""
    path = tmp_path / "handleby.toml"
    rules = f'rules = "{tmp_path / "rules.yaml"}"\n'
    path.write_text(f'data_dir = "{tmp_path / "data"}"\n{rules}', encoding="utf-8")
    return path


def test_it_says_how_the_time_came_about(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """People, work ahead, correction, target and the hours that count each stand on a line of their own."""
    one = asyncio.run(decided(World(tmp_path), config))
    explain(config, one.reference.lower())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{one.reference}: email, open, queue general, Maria Jensen answers for it")
    figures = {line[2:22].strip(): line[23:].split("  ")[0] for line in lines if line.startswith("  ")}
    assert one.promise is not None
    assert one.promise.parts is not None
    assert figures["Work ahead"] == "60 min in 6 conversations"
    assert figures["Correction"] == "× 1.00 = 2.5 h"
    assert figures["Target"].endswith("later")
    counted = [line.split(None, 1)[1] for line in lines if line.startswith("  Counted")]
    assert counted == ["Mon 23 Nov 11:00–17:00", "Tue 24 Nov 07:00–11:00"]
    assert {"People", "Time for that work", "Time for the answer", "Expected", "Margin"} <= figures.keys()


def test_an_unknown_reference_is_said(tmp_path: Path, config: Path) -> None:
    """Whoever mistypes a reference is told what one looks like."""
    asyncio.run(decided(World(tmp_path), config))
    with pytest.raises(NotFound, match="looks like HB-7K2Q9"):
        explain(config, "HB-NOPE1")
