import re
import shlex
from pathlib import Path

import pytest

from router.cli import command
from rules.load import shipped_text
from rules.texts import KINDS, NAMES, STYLES, TONES, VOICES

GUIDE = Path(__file__).parents[2] / "docs" / "how-to-wording.md"


def write(path: Path, body: str) -> None:
    """Write a file of the guide, and for texts the rules that they stand beside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == "rules.yaml":
        path.write_text(shipped_text().replace("\nrules:\n", f"\n{body}\n"), encoding="utf-8")
        return
    path.write_text(body, encoding="utf-8")
    (path.parent.parent / "rules.yaml").write_text(shipped_text(), encoding="utf-8")


def test_the_guide_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide's files and commands, carried out in order, show what the guide shows."""
    monkeypatch.chdir(tmp_path)
    commands = 0
    for info, body in re.findall(
        r"^```(\w+[^\n]*)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        if target := re.search(r"file=(\S+)", info):
            path = tmp_path / target[1]
            write(path, body)
        elif info == "preview":
            line, _, expected = body.partition("\n")
            _, *words = shlex.split(line)
            assert words[:2] == ["handleby", "rules"]
            command(words[1:])(words[1:], standalone_mode=False)
            shown = capsys.readouterr()
            assert expected.rstrip() in shown.out + shown.err
            commands += 1
    assert commands == 4


def test_the_guide_names_everything() -> None:
    """Every kind, voice, style, tone and value is explained in the guide."""
    guide = GUIDE.read_text(encoding="utf-8")
    for name in (*KINDS, *VOICES, *STYLES, *TONES, *(f"{{{name}}}" for name in NAMES)):
        assert f"`{name}`" in guide, name
