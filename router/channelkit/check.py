"""`handleby channels check`: every problem of every channel's folder and every account, at once."""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from channels import registry
from channels.errors import Misconfigured
from channels.tryout import Tester
from router.channelkit.make import TEMPLATE
from router.errors import HandlebyError
from router.settings import Settings

#: The functions of an adapter, each with how many arguments it is called with.
ADAPTER = {"open": 1, "pages": 1}


def folders(root: Path = registry.FOLDER) -> list[str]:
    """Return the problems of all channel folders, each as `where: what, how to mend`."""
    source = (root / TEMPLATE).is_dir()
    found: list[str] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if folder.name.startswith(("_", ".")):
            continue
        found += folder_problems(folder, source=source)
    return found


def folder_problems(folder: Path, *, source: bool = True) -> list[str]:
    """Return the problems of one folder; test data and tests are asked for in a source tree only."""
    found: list[str] = []
    manifest = folder / "manifest.toml"
    try:
        unhelpful = [key for key, one in registry.load(manifest).settings.items() if not one.help]
        found += [f"{manifest}: settings.{key}.help: is missing; say what it is for" for key in unhelpful]
    except Misconfigured as error:
        found += str(error).splitlines()
    found += _shape(folder)
    if source:
        found += _recorded(folder / "testdata")
        if not any(folder.rglob("test_*.py")):
            found.append(f"{folder}: has no test_*.py; nothing shows that it works")
    return found


def _shape(folder: Path) -> Iterator[str]:
    readme = folder / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        yield f"{readme}: is missing; it tells admins how to connect an account, and what is declined and why"
    if not (folder / "parse.py").is_file() and not (folder / "parse" / "__init__.py").is_file():
        yield f"{folder / 'parse.py'}: is missing; it makes a Message of what the provider sends, and does nothing else"
    yield from _parsed(folder / "recorded.py")
    if not (folder / "adapter.py").is_file():
        yield f"{folder / 'adapter.py'}: is missing; it offers `adapter`, see channels/port.py"
        return
    if folder.parent == registry.FOLDER and (folder / "manifest.toml").is_file():
        yield from _adapter(folder)


def _parsed(path: Path) -> Iterator[str]:
    """Look for `def parsed(recorded: bytes)` without running the file."""
    if not path.is_file():
        yield f"{path}: is missing; its `parsed(recorded)` returns what parse makes of one file of testdata"
        return
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
        return
    found = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "parsed"]
    if not found or len(found[0].args.args) != 1:
        yield f"{path}: has no `def parsed(recorded: bytes) -> object`"


def _adapter(folder: Path) -> Iterator[str]:
    where = folder / "adapter.py"
    try:
        found = registry.adapter(folder.name)
    except Misconfigured:
        return  # the manifest is at fault, and has been named
    except Exception as error:  # noqa: BLE001  # whatever its import raises, the file is not well
        yield f"{where}: cannot be imported: {type(error).__name__}: {error}"
        return
    for name, count in ADAPTER.items():
        if not _takes(getattr(found, name, None), count):
            yield f"{where}: adapter.{name} is missing or does not take {count} argument; see channels/port.py"
    if isinstance(found, Tester) and not _takes(found.try_out, 1):
        yield f"{where}: adapter.try_out does not take the host alone; see channels/tryout.py"


def _takes(function: object, count: int) -> bool:
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _recorded(folder: Path) -> Iterator[str]:
    """See that every recorded payload has what is expected of it beside it, and the other way round."""
    names = {path.name for path in folder.glob("*")} if folder.is_dir() else set()
    given = {name.partition(".in.")[0] for name in names if ".in." in name}
    expected = {name.removesuffix(".out.json") for name in names if name.endswith(".out.json")}
    if not given:
        yield f"{folder}: has no recorded payload (x.in.json with x.out.json)"
    yield from (f"{folder}/{name}.out.json: is missing beside {name}.in" for name in sorted(given - expected))
    yield from (
        f"{folder}/{name}.out.json: there is no {name}.in that gives it" for name in sorted(expected - given)
    )


def accounts(settings: Settings, open_one: Callable[[Settings], object]) -> Sequence[str]:
    """Return what is wrong with each account when its channel is opened, each by itself, so that all are named."""
    found: dict[str, None] = {}
    for channel, name, given in settings.accounts():
        alone = settings.model_copy(update={"channels": {channel: {name: given}}})
        try:
            open_one(alone)
        except HandlebyError as error:
            found.update(dict.fromkeys(str(error).splitlines()))
    return tuple(found)
