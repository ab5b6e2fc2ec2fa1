"""The demo's folder: settings, rules and data of a service that talks to stand-ins."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

RULES = Path(__file__).with_name("rules.yaml")
SETTINGS = """\
# Written by `handleby demo`: every address is a stand-in on this machine.
data_dir = "data"
rules = "rules.yaml"
organisation = {organisation}
public_url = {url}
zone = "Europe/Copenhagen"

[server]
listen = {listen}

[log]
format = "json"
"""


class Account(Struct, frozen=True, kw_only=True):
    """An account that uses a stand-in."""

    channel: str
    name: str
    settings: Mapping[str, object]


def write(
    folder: Path,
    *,
    organisation: str,
    port: int,
    accounts: list[Account],
    slack: Mapping[str, object] | None = None,
) -> Path:
    """Write the settings and the rules, and return the settings file."""
    shutil.copy(RULES, folder / "rules.yaml")
    head = SETTINGS.format(
        organisation=value(organisation),
        url=value(f"http://127.0.0.1:{port}"),
        listen=value(f"127.0.0.1:{port}"),
    )
    tables = {f"channels.{one.channel}.{one.name}": one.settings for one in accounts}
    if slack:
        tables["slack"] = slack
    path = folder / "handleby.toml"
    path.write_text(head + "".join(_table(name, table) for name, table in tables.items()), encoding="utf-8")
    path.chmod(0o600)
    return path


def _table(name: str, table: Mapping[str, object]) -> str:
    lines = [f"{key} = {value(each)}" for key, each in table.items() if each is not None]
    return "\n".join(["", f"[{name}]", *lines, ""])


def value(given: object) -> str:
    """Return the value as TOML writes it. Raises TypeError for what no setting can be."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return repr(given)
    if isinstance(given, str | Path):
        return json.dumps(str(given), ensure_ascii=False)
    if isinstance(given, list | tuple | set | frozenset):
        return f"[{', '.join(value(each) for each in given)}]"
    if isinstance(given, Mapping):
        return f"{{{', '.join(f'{json.dumps(key)} = {value(each)}' for key, each in given.items())}}}"
    raise TypeError(f"A setting cannot be {given!r}.")
