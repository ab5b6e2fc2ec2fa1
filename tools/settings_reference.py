"""Writes docs/reference-settings.md from the channels' manifests, router/settings.py and the words of the sample file.

Run as `make reference`; with `--check` it only says whether the page is what it should be.
"""

import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from channels import registry  # noqa: E402  # found in the checkout, wherever this is started
from channels.manifest import COMMON, Capabilities, Manifest, Setting  # noqa: E402
from router.settings import Section, Settings  # noqa: E402

PAGE = ROOT / "docs" / "reference-settings.md"
SAMPLE = ROOT / "handleby.sample.toml"
LINE = re.compile(r"(?:# )?([a-z_]+) = ")
HEAD = """\
# Settings

*Written by `make reference` from the channels' manifests, the settings' own types and `handleby.sample.toml`; change it
there.*

One file: `--config`, else `HANDLEBY_CONFIG`, else `./handleby.toml`. What is left out keeps its default. Everything can
also be said in the environment, with two underscores between the levels: `HANDLEBY_ORGANISATION`,
`HANDLEBY_SERVER__LISTEN`, `HANDLEBY_CHANNELS__EMAIL__SUPPORT__SEND`. A secret, or a URL with a password, may stand in a
file of its own: `secret_key_file = "/run/secrets/key"`, `token_file = "…"`. An unknown key is an error that names it.

A duration is written `30s`, `5m`, `4h` or `1h 30m`; a list `["a", "b"]`.
"""
ACCOUNTS = """\
## Accounts

Every account is a table, `[channels.<channel>.<name>]`; the name is yours, in lower case. These are known on every
channel:
"""
KINDS = {
    "string": "text", "integer": "whole number", "boolean": "true or false", "secret": "secret", "url": "URL",
    "list": "list", "duration": "duration", "zone": "time zone", "language": "language", "email": "mail address",
}  # fmt: skip


def main() -> int:
    """Write the page, or check it; return the exit code."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference-settings.md is not what the manifests and settings say: run `make reference`.")
    return 1


def page() -> str:
    """Return the whole page."""
    parts = [HEAD, "## The service\n", *_own(Settings, "", _sample())]
    parts += [ACCOUNTS, _table(_rows(COMMON))]
    manifests = [registry.manifest(name) for name in registry.names()]
    parts += [text for one in manifests for text in _channel(one)]
    parts += ["## What each channel can do\n", _able(manifests)]
    return "\n".join(parts)


def _own(section: type[Section], name: str, words: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield the tables of our own settings: this section's, then those of the sections in it."""
    rows, inner = [], []
    for key, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            inner.append((key, kind))
        elif key != "channels":
            default = "" if field.default is None or not field.repr else _shown(field.default)
            rows.append((f"`{key}`", _named(kind), default, words[name, key]))
    if name:
        yield f"### `[{name}]`\n"
    yield _table(rows)
    for key, kind in inner:
        yield from _own(kind, key, words)


def _sample() -> dict[tuple[str, str], str]:
    """Return what the comments of the sample file say, by section and key."""
    found: dict[tuple[str, str], str] = {}
    section, said = "", []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section, said = line.strip("[]"), []
        elif match := LINE.match(line):
            found.setdefault((section, match[1]), " ".join(said))
            said = []
        elif line.startswith("# "):
            said.append(line.removeprefix("# ").strip())
        else:
            said = []
    return found


def _named(kind: Any) -> str:
    """Say in words what a type of the settings takes."""
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(typing.get_args(kind))
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    if typing.get_origin(kind) is tuple:
        return "list"
    return {Path: "path", bool: "true or false", int: "whole number"}.get(kind, "text")


def _channel(manifest: Manifest) -> Iterator[str]:
    yield f"### `[channels.{manifest.name}.…]` {manifest.title}\n"
    yield f"{manifest.help} [How to connect one](../channels/{manifest.name}/README.md)\n"
    own = {key: one for key, one in manifest.settings.items() if one != COMMON.get(key)}
    yield _table(_rows(own))


def _rows(settings: Mapping[str, Setting]) -> list[tuple[str, str, str, str]]:
    return [(f"`{key}`", _kind(one), _default(one), _meaning(one)) for key, one in settings.items()]


def _kind(one: Setting) -> str:
    return ", ".join(one.choices) or KINDS[one.type]


def _default(one: Setting) -> str:
    return "**required**" if one.required else _shown(one.default)


def _meaning(one: Setting) -> str:
    bounds = {"at least": one.minimum, "at most": one.maximum}
    unit = " s" if one.type == "duration" else ""
    limits = " and ".join(f"{word} {value:.15g}{unit}" for word, value in bounds.items() if value is not None)
    example = f"Example: `{one.example}`" if one.example else ""
    return " ".join(text for text in (one.help, limits and f"{limits.capitalize()}.", example) if text)


def _shown(value: Any) -> str:
    if value is None or value in ("", [], ()):
        return ""
    if isinstance(value, tuple | list):
        return f"`{', '.join(value)}`"
    if isinstance(value, float):
        return f"`{value:.15g}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _able(manifests: Sequence[Manifest]) -> str:
    """Return the channels' capabilities, one a line."""
    head = ("", *(one.title for one in manifests))
    rows = [
        (f"`{key}`", *(_shown(getattr(one.capabilities, key)) for one in manifests))
        for key in Capabilities.__struct_fields__
    ]
    return _table(rows, head)


def _table(
    rows: Sequence[Sequence[str]], head: Sequence[str] = ("setting", "kind", "default", "meaning")
) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
