import re
import shlex
from pathlib import Path

import pytest

from rules.preview import main
from rules.texts import KINDS, NAMES, STYLES, TONES, VOICES

GUIDE = Path(__file__).parents[2] / "docs" / "how-to-wording.md"


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
            path.parent.mkdir(exist_ok=True)
            path.write_text(body, encoding="utf-8")
        else:
            command, _, expected = body.partition("\n")
            _, *words = shlex.split(command)
            assert words[:3] == ["python", "-m", "rules.preview"]
            main(words[3:])
            shown = capsys.readouterr()
            assert expected.strip() in shown.out + shown.err
            commands += 1
    assert commands == 2


def test_the_guide_names_everything() -> None:
    """Every kind, voice, style, tone and value is explained in the guide."""
    guide = GUIDE.read_text(encoding="utf-8")
    for name in (*KINDS, *VOICES, *STYLES, *TONES, *(f"{{{name}}}" for name in NAMES)):
        assert f"`{name}`" in guide, name
