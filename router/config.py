"""The settings: read once, checked whole; the only place that reads the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from channels import registry
from channels.account import checked
from channels.errors import Misconfigured
from channels.manifest import unknown
from router import keyfile
from router.errors import ConfigError
from router.settings import Account, Accounts, Settings
from router.sources import Places, Tree, find, gather, secret_in

__all__ = ["Settings", "check_sample", "load_settings", "without_ours"]

#: The accounts there are while nobody names any.
DEFAULTS = Path(__file__).with_name("defaults.toml")
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]*")
#: Own keys that may be read from a file: `secret_key_file = "/run/secrets/key"`.
SECRETS = (
    ("secret_key",),
    ("store", "url"),
    ("broker", "url"),
    ("slack", "bot_token"),
    ("slack", "signing_secret"),
)


def load_settings(
    path: Path | None = None, *, environ: Mapping[str, str] | None = None, prepare: bool = True
) -> Settings:
    """Read the settings file and the environment. Raises ConfigError naming every fault at once.

    Unless told not to `prepare`, it makes the data folder and, on one machine, the secret key.
    """
    environ = os.environ if environ is None else environ
    file = find(path, environ)
    base = file.parent if file else Path()
    tree, places = gather(file, environ, DEFAULTS)
    problems: list[str] = []
    _read_secrets(tree, base, problems)
    tree["rules"] = _rules(tree.get("rules"), base, problems)
    tree["channels"] = _channels(tree.get("channels", {}), base, problems)
    settings = _checked(tree, problems)
    if settings is None or problems:
        raise ConfigError("\n".join(_placed(problem, places, file) for problem in problems))
    settings = _completed(settings, base, environ)
    return _prepared(settings) if prepare else settings


def without_ours() -> dict[str, str]:
    """Return the environment without our settings, for a process of ours that has all of them in its file."""
    return {key: value for key, value in os.environ.items() if not key.startswith("HANDLEBY_")}


def check_sample(settings: Settings, *, sample: bool, agents: int) -> None:
    """Refuse to answer real customers without real agents. Raises ConfigError."""
    if agents == 0:
        raise ConfigError("The rules name no agents, so nobody could answer. Add people under `agents:`.")
    if sample and settings.outside:
        raise ConfigError(
            f"There are no agents yet, only the sample team, and {', '.join(settings.outside)} would reach beyond this "
            'machine. Name a rules file with your agents (rules = "rules.yaml"), or keep everything here: receive and '
            'listen on 127.0.0.1, and send = "outbox".'
        )


def _rules(named: Any, base: Path, problems: list[str]) -> Any:
    """Return the rules file; a named one that is missing is a fault, none at all means the shipped ones."""
    if not isinstance(named, str) or not named:
        return named or None
    if not (base / named).is_file():
        problems.append(
            f"rules: there is no file {base / named}. Mend the path, or unset it for the shipped rules"
        )
    return base / named


def _checked(tree: Tree, problems: list[str]) -> Settings | None:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in fault["loc"])
            problems.append(f"{where}: {_sentence(fault)}")
        return None


def _sentence(fault: Any) -> str:
    """Say what is wrong in our words where pydantic's speak of Python."""
    if fault["type"] == "extra_forbidden":
        table: Any = Settings
        for part in fault["loc"][:-1]:
            table = table.model_fields[part].annotation
        return unknown(str(fault["loc"][-1]), table.model_fields)
    if fault["type"] in {"model_type", "model_attributes_type"}:
        return f"must be a table, [{fault['loc'][-1]}]"
    return str(fault["msg"]).removeprefix("Value error, ")


def _placed(problem: str, places: Places, file: Path | None) -> str:
    """Put the place in front: the file, the environment variable or the secret file it was written in."""
    path = tuple(problem.partition(": ")[0].split("."))
    place = places.get(path) or places.get((*path[:-1], f"{path[-1]}_file"))
    if place is None and path[0] in {*Settings.model_fields, "channels"}:
        below = {written for key, written in places.items() if key[: len(path)] == path}
        place = below.pop() if len(below) == 1 else None
    return f"{place or file or 'settings'}: {problem}"


def _completed(settings: Settings, base: Path, environ: Mapping[str, str]) -> Settings:
    """Fill in what follows from the rest."""
    zone = settings.zone or _machine_zone(environ)
    inherited = {"zone": zone, "language": settings.language}
    channels = {
        channel: MappingProxyType(
            {
                name: MappingProxyType({**account, **_missing(account, inherited)})
                for name, account in accounts.items()
            }
        )
        for channel, accounts in settings.channels.items()
    }
    return settings.model_copy(
        update={
            "data_dir": base / settings.data_dir,
            "zone": zone,
            "public_url": settings.public_url or f"http://localhost:{settings.server.port}",
            "channels": MappingProxyType(channels),
        }
    )


def _missing(account: Account, inherited: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in inherited.items() if not account.get(key)}


def _machine_zone(environ: Mapping[str, str]) -> str:
    """Return this machine's time zone by its IANA name, UTC when it does not say."""
    told = environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return ZoneInfo(told.removeprefix(":")).key if told else "UTC"
    except (KeyError, ValueError, OSError):
        return "UTC"


def _prepared(settings: Settings) -> Settings:
    """Make the data folder where one is used, and see that there is a secret key."""
    if settings.fleet and not settings.secret_key:
        raise ConfigError(
            "secret_key: is missing. In a fleet every process needs the same one; "
            f"set secret_key_file or HANDLEBY_SECRET_KEY_FILE. {keyfile.ADVICE}"
        )
    if "sqlite" in settings.store.url or settings.broker.url == "local":
        keyfile.make_folder(settings.data_dir)
    if settings.secret_key:
        return settings
    return settings.model_copy(update={"secret_key": keyfile.obtain(settings.data_dir)})


def _read_secrets(tree: Tree, base: Path, problems: list[str]) -> None:
    """Replace `secret_key_file` and its like by what the file holds."""
    for path in SECRETS:
        table = tree if len(path) == 1 else tree.get(path[0])
        if isinstance(table, dict):
            _read_secret(table, path, base, problems)


def _read_secret(table: Tree, path: tuple[str, ...], base: Path, problems: list[str]) -> None:
    key, named = path[-1], f"{path[-1]}_file"
    file = table.pop(named, None)
    if file is None:
        return
    where = ".".join((*path[:-1], named))
    if table.get(key):
        problems.append(f"{where}: {key} is set as well; keep one of the two")
        return
    try:
        table[key] = secret_in(str(file), base)
    except ValueError as error:
        problems.append(f"{where}: {error}")


def _channels(tree: Any, base: Path, problems: list[str]) -> Accounts:
    if not isinstance(tree, dict):
        problems.append("channels: must be tables such as [channels.email.support]")
        return {}
    found: dict[str, Mapping[str, Account]] = {}
    for channel, accounts in tree.items():
        where = f"channels.{channel}"
        if channel not in registry.names():
            problems.append(f"{where}: {unknown(channel, registry.names(), 'channel')}")
        elif not isinstance(accounts, dict) or not all(isinstance(each, dict) for each in accounts.values()):
            problems.append(f"{where}: must be tables, one an account, such as [{where}.main]")
        else:
            found[channel] = MappingProxyType(
                {name: _account(channel, name, table, base, problems) for name, table in accounts.items()}
            )
    return MappingProxyType(found)


def _account(channel: str, name: str, table: Tree, base: Path, problems: list[str]) -> Account:
    where = f"channels.{channel}.{name}"
    if not ACCOUNT.fullmatch(name):
        problems.append(f"{where}: name accounts with lower case letters, digits, - and _")
    try:
        known = registry.manifest(channel).settings
    except Misconfigured as error:
        problems.append(str(error))
        return {}
    for key, setting in known.items():
        if setting.type in {"secret", "url"} and f"{key}_file" not in known:
            _read_secret(table, ("channels", channel, name, key), base, problems)
    return MappingProxyType(checked(known, table, where, problems))
