"""Where settings are written: one file, the environment, files with secrets."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from router.errors import ConfigError

PREFIX = "HANDLEBY_"
#: Names with the prefix that are no settings: where the file is, where secrets are, what tests use.
OTHER = ("HANDLEBY_CONFIG", "HANDLEBY_SECRETS_DIR", "HANDLEBY_TEST_")

Tree = dict[str, Any]
#: `("server", "listen")` → what to call the place it was written at.
Places = dict[tuple[str, ...], str]


def find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the settings file: the one named, else HANDLEBY_CONFIG, else ./handleby.toml if it exists."""
    named = path or (Path(environ["HANDLEBY_CONFIG"]) if environ.get("HANDLEBY_CONFIG") else None)
    if named is None:
        usual = Path("handleby.toml")
        return usual if usual.is_file() else None
    if not named.is_file():
        said = "--config" if path else "HANDLEBY_CONFIG"
        raise ConfigError(f"{named}: there is no such settings file. Mend the path given by {said}.")
    return named


def gather(file: Path | None, environ: Mapping[str, str], defaults: Path) -> tuple[Tree, Places]:
    """Return everything that was set, the environment winning over secret files, these over the file.

    The tables in `defaults` stand in for those that the file does not have at all.
    """
    written = _toml(file) if file else {}
    tree = {key: table for key, table in _toml(defaults).items() if key not in written}
    places: Places = {}
    for path, value in leaves(written):
        _put(tree, path, value)
        places[path] = str(file)
    for source in (_secret_files(environ), _environment(environ)):
        for path, value, place in source:
            _put(tree, path, value)
            places[path] = place
            _replace_twin(tree, places, path)
    return tree, places


def leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk to every value; an empty table is a value too, because `[channels.webchat.site]` says something."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def secret_in(path: str, base: Path) -> str:
    """Return the text of a secret file without the newline at its end. Raises ValueError."""
    try:
        text = (base / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"the file {path} cannot be read: {reason}") from None
    return text.rstrip("\r\n")


def _toml(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for name, value in environ.items():
        if name.startswith(PREFIX) and not name.startswith(OTHER):
            yield tuple(name.removeprefix(PREFIX).lower().split("__")), value, f"environment {name}"


def _secret_files(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Read a folder of secrets, each file named like `channels__email__support__password`."""
    folder = environ.get("HANDLEBY_SECRETS_DIR")
    if not folder:
        return
    if not Path(folder).is_dir():
        raise ConfigError(f"HANDLEBY_SECRETS_DIR: {folder} is not a folder.")
    for file in sorted(Path(folder).iterdir()):
        if file.is_file() and not file.name.startswith("."):
            try:
                yield tuple(file.name.lower().split("__")), secret_in(file.name, file.parent), str(file)
            except ValueError as error:
                raise ConfigError(f"HANDLEBY_SECRETS_DIR: {error}") from None


def _put(tree: Tree, path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        below = tree.get(key)
        if not isinstance(below, dict):
            below = tree[key] = {}
        tree = below
    tree[path[-1]] = value


def _replace_twin(tree: Tree, places: Places, path: tuple[str, ...]) -> None:
    """Let `secret_key` from the environment win over `secret_key_file` of the file, and the reverse."""
    for key in path[:-1]:
        tree = tree[key]
    last = path[-1]
    for twin in {f"{last}_file", last.removesuffix("_file")} - {last}:
        if (*path[:-1], twin) in places:
            del places[*path[:-1], twin]
            tree.pop(twin, None)
