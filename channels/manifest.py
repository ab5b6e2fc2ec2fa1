"""What a channel says of itself in `manifest.toml`, readable without importing its code."""

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from channels.errors import Misconfigured

T = TypeVar("T", bound=Struct)

NAME = re.compile(r"[a-z][a-z0-9_]*")


class Invalid(Misconfigured):
    """The manifest or the settings of an account cannot be used; every problem is named."""

    def __init__(self, problems: Collection[str]) -> None:
        """Take one sentence for each problem: where, what, how to mend it."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Capabilities(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the channel can and may do; the router asks for these and never for the channel's name."""

    #: How messages come in: `listen`, `poll`, `hook`, `page`.
    receive: tuple[str, ...] = ()
    #: How a note reads here: a letter, a line in a chat, words in public, words read out.
    style: Literal["mail", "chat", "public", "spoken"] = "mail"
    #: May the note carry the reference (HB-7K2Q9)?
    reference_in_note: bool = False
    #: Seconds after the customer's last message in which an answer is allowed; 0 = always.
    reply_window_s: float = 0.0
    #: Most sends a minute that the provider takes from one account; 0 = no limit.
    sends_per_minute: float = 0.0
    #: Most characters of one outgoing message; 0 = no limit.
    length_limit: int = 0
    #: The same for what only the customer can read, where that differs; 0 = it does not.
    direct_length_limit: int = 0
    #: May a note contain links?
    links: bool = True
    #: True where the platform allows one automatic message a wait and no renewal.
    one_automatic_reply: bool = False
    #: True where law or platform wants an automatic message to say that it is one.
    disclosure: bool = False
    #: True when the customer can be shown the standing and the answer live.
    live: bool = False
    #: True when attachments can be sent.
    attachments: bool = False
    #: True when the provider can be asked what became of a message sent.
    reconcile: bool = False


class Setting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key of an account."""

    type: Literal[
        "string", "integer", "boolean", "duration", "url", "secret", "list", "zone", "language", "email"
    ] = "string"
    help: str = ""
    default: Any = None
    required: bool = False
    #: The only values allowed; empty = any.
    choices: tuple[str, ...] = ()
    #: For `url`: the schemes allowed, and words that stand in for a URL ("outbox").
    schemes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    #: For `integer` and `duration` (seconds).
    minimum: float | None = None
    maximum: float | None = None
    example: str = ""


class Manifest(Struct, frozen=True, kw_only=True):
    """A channel as its folder describes it."""

    name: str
    title: str
    help: str = ""
    #: Kind of identity its senders have: "email", "chat", "phone".
    identity: str
    capabilities: Capabilities
    settings: Mapping[str, Setting]


#: What every account has, whatever its channel; a manifest may say it differently.
COMMON: Mapping[str, Setting] = {
    "zone": Setting(type="zone", help="Time zone in which times are told to customers."),
    "language": Setting(type="language", help="Language of notes when the customer's is not known."),
    "sends_per_minute": Setting(
        type="integer",
        minimum=1,
        maximum=100000,
        help="Most sends a minute. Empty: what the provider allows.",
    ),
    "disclose": Setting(
        type="boolean", default=False, help="Say in each note that it was sent automatically."
    ),
}


def read(path: Path) -> Manifest:
    """Read and check one manifest. Raises Invalid with every problem, naming file and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([f"{path}: cannot be read: {error}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid([f"{path}: not valid TOML: {error}"]) from error
    problems: list[str] = []
    manifest = _manifest(table, path, problems)
    if problems or manifest is None:
        raise Invalid(problems)
    return manifest


def unknown(key: str, known: Collection[str], what: str = "key") -> str:
    """Say that a key is unknown, with the likeliest one meant."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
    return f"unknown {what}; {hint}"


def _manifest(table: dict[str, Any], path: Path, problems: list[str]) -> Manifest | None:
    parts = {key: table.pop(key, {}) for key in ("capabilities", "settings")}
    for key, value in parts.items():
        if not isinstance(value, dict):
            problems.append(f"{path}: {key}: must be a table")
            parts[key] = {}
    specs = {}
    for key, value in parts["settings"].items():
        if not NAME.fullmatch(key):
            problems.append(f"{path}: settings.{key}: use lower case letters, digits and _")
        setting = _fill(Setting, value, f"{path}: settings.{key}", problems)
        if setting is not None and setting.required and setting.default is not None:
            problems.append(f"{path}: settings.{key}: a required setting has no default")
        specs[key] = setting
    capabilities = _fill(Capabilities, parts["capabilities"], f"{path}: capabilities", problems)
    filled = {"capabilities": capabilities, "settings": {**COMMON, **specs}}
    manifest = _fill(Manifest, table, str(path), problems, given=filled)
    if manifest is not None and manifest.name != path.parent.name:
        problems.append(f"{path}: name: is {manifest.name!r} but the folder is {path.parent.name!r}")
    return manifest


def _fill(
    kind: type[T], table: Any, where: str, problems: list[str], *, given: Mapping[str, Any] | None = None
) -> T | None:
    """Build the struct from a table, collecting every problem instead of stopping at the first."""
    if not isinstance(table, dict):
        problems.append(f"{where}: must be a table")
        return None
    before = len(problems)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    joint = ": " if where.endswith(".toml") else "."
    values: dict[str, Any] = dict(given or {})
    for key, value in table.items():
        if key not in fields or key in values:
            problems.append(f"{where}{joint}{key}: {unknown(key, fields)}")
            continue
        try:
            values[key] = msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError as error:
            problems.append(f"{where}{joint}{key}: {error}")
    missing = [
        key for key, field in fields.items() if field.required and key not in table and key not in values
    ]
    problems += [f"{where}{joint}{key}: is missing" for key in missing]
    return kind(**values) if len(problems) == before else None
