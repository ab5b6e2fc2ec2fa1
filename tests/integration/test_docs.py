import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.config import Settings, load_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)")


def blocks(kind: str) -> list[tuple[str, str]]:
    """Return page and text of every fenced block of the kind."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in PAGES
        for found, text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if found == kind
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every file that a page links to is there."""
    broken = [
        link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(("page", "text"), blocks("toml"))
def test_settings_that_are_shown_are_valid(
    page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settings file shown in a page loads, once the files that it names are there."""
    monkeypatch.chdir(tmp_path)
    for named in re.findall(r'(?:_file|rules) = "([^"]+)"', text):
        local = tmp_path / Path(named).name
        holds = {"broker": "amqp://router:password@rabbit/", "bot_token": "xoxb-1-2-k"}
        local.write_text(next((text for word, text in holds.items() if word in named), "k" * 48))
        text = text.replace(f'"{named}"', f'"{local}"')
    (tmp_path / "handleby.toml").write_text("\n".join(line.strip() for line in text.splitlines()))
    load_settings(environ={}, prepare=False)


@pytest.mark.parametrize(("page", "text"), blocks("console"))
def test_commands_that_are_shown_work(page: str, text: str, tmp_path: Path) -> None:
    """A line that begins with `$` in a console block runs and succeeds."""
    for name in ("deploy", "handleby.sample.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    launcher = tmp_path / "bin" / "handleby"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m router "$@"\n')
    launcher.chmod(0o755)
    environ = {**os.environ, "PATH": f"{launcher.parent}:{os.environ['PATH']}"}
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert commands
    for command in commands:
        found = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert found.returncode == 0, f"{page}: {command}\n{found.stdout}{found.stderr}"


def test_every_setting_is_in_the_sample() -> None:
    """No key of the settings is missing from the commented sample file."""
    sample = (ROOT / "handleby.sample.toml").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        sections = getattr(field.annotation, "model_fields", None)
        if name == "channels":
            assert "[channels." in sample
        elif sections:
            assert f"[{name}]" in sample
            assert all(re.search(rf"^(# )?{key} = ", sample, re.MULTILINE) for key in sections)
        else:
            assert re.search(rf"^(# )?{name} = ", sample, re.MULTILINE), name
