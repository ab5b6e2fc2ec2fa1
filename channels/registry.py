"""The only way to reach a channel: by the name of its folder."""

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from channels.account import checked, convert
from channels.manifest import Invalid, Manifest, read, unknown
from channels.port import Adapter

FOLDER = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """Return the channels there are: every folder with a manifest, by name."""
    found = (path.parent.name for path in FOLDER.glob("*/manifest.toml"))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def manifest(name: str) -> Manifest:
    """Return what the channel says of itself. Raises Invalid when there is no such channel or it is wrong."""
    if name not in names():
        raise Invalid([f"channels.{name}: {unknown(name, names(), 'channel')}"])
    return load(FOLDER / name / "manifest.toml")


def load(path: Path) -> Manifest:
    """Read one manifest and see that its defaults fit their types. Raises Invalid."""
    found = read(path)
    problems = []
    for key, setting in found.settings.items():
        try:
            _ = setting.default is None or convert(setting, setting.default)
        except ValueError as error:
            problems.append(f"{path}: settings.{key}.default: {error}")
    if problems:
        raise Invalid(problems)
    return found


def check(name: str, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return an account's settings, checked and with defaults. Raises Invalid with every problem.

    `where` is what the problems start with, such as `handleby.toml: channels.email.support`.
    """
    problems: list[str] = []
    result = checked(manifest(name).settings, given, where, problems)
    if problems:
        raise Invalid(problems)
    return result


def adapter(name: str) -> Adapter:
    """Import the channel's adapter, now that it is needed."""
    manifest(name)
    return cast(Adapter, importlib.import_module(f"channels.{name}.adapter").adapter)
