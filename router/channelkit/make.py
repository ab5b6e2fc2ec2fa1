"""`handleby channels new`: a copy of the template under the name of the new channel."""

import keyword
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from channels import registry
from channels.manifest import Invalid
from router.errors import ConfigError

TEMPLATE = "_template"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 20


def make(name: str, folder: Path = registry.FOLDER) -> list[Path]:
    """Write `folder/name` whole or not at all; return its files. Raises ConfigError saying what to mend."""
    template = folder / TEMPLATE
    if not template.is_dir():
        raise ConfigError(
            f"There is no template in {folder}. Make channels in a checkout of the source, not in an installed copy."
        )
    if problem := objection(name, folder):
        raise ConfigError(f"A channel cannot be called {name!r}: {problem}")
    try:
        staged = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            for source in _files(template):
                _copy(source, staged / source.relative_to(template), name)
            staged.chmod(0o755)
            staged.rename(folder / name)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise ConfigError(f"{folder / name} cannot be written: {error.strerror or error}") from None
    registry.names.cache_clear()
    return sorted(_files(folder / name))


def objection(name: str, folder: Path) -> str:
    """Return why a channel cannot have this name, and what would do; "" when it can."""
    if not NAME.fullmatch(name) or not 2 <= len(name) <= LONGEST:
        return f"use 2 to {LONGEST} lower case letters and digits, with single _ between them, and begin with a letter."
    python = "a word of Python" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else ""
    python = "a module of Python's own library" if name in sys.stdlib_module_names else python
    if python:
        return f"that is {python}. Try {name}_channel."
    if (folder / name).exists() or (folder / f"{name}.py").exists():
        return f"{folder / name} is there already. Choose another name; nothing is ever overwritten."
    others = [other for other, kind in _identities(folder) if kind == name]
    if others:
        return f"that is what addresses on the channel {others[0]} are called. Choose another name."
    return ""


def named(text: str, name: str) -> str:
    """Return the template's text under the new name; sorted imports stay sorted."""
    title = name.replace("_", " ").capitalize()
    text = re.sub(r"(?m)^(# |title = \")Template\b", rf"\g<1>{title}", text.replace(TEMPLATE, name))
    lines: list[str] = []
    for imported, group in groupby(text.split("\n"), key=lambda line: line.startswith("from ")):
        run = list(group)
        lines += sorted(run, key=lambda line: line.split()[1]) if imported else run
    return "\n".join(lines)


def _copy(source: Path, target: Path, name: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(named(source.read_text(encoding="utf-8"), name), encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return (path for path in found if "__pycache__" not in path.parts)


def _identities(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the channels there are, with the kind of identity of each; broken ones are left to `check`."""
    for path in sorted(folder.glob("*/manifest.toml")):
        try:
            yield path.parent.name, registry.load(path).identity
        except Invalid:
            continue
