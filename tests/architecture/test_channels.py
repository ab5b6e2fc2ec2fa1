import ast
from pathlib import Path

import pytest

from channels import registry
from tests.architecture.sources import ROOT, at, imports, is_test, product, tree

SHARED = ("channels.message", "channels.port", "channels.errors", "channels.tryout")
#: Those there are, and those that are planned.
CHANNELS = {*registry.names(), "email", "twitter", "facebook", "phone", "webchat", "forum"}
FOLDERS = {name: ROOT / "channels" / name for name in registry.names()}


def concrete(path: Path) -> str:
    """Return the channel whose folder holds the file; "" for none."""
    return next((name for name, folder in FOLDERS.items() if path.is_relative_to(folder)), "")


@pytest.mark.parametrize("name", registry.names())
def test_a_channel_imports_only_itself_and_the_shared_values(name: str) -> None:
    """A channel folder can be taken out, or another put in, without any other edit."""
    allowed = (*SHARED, f"channels.{name}")
    wrong = [
        at(path, line, imported)
        for path in product()
        if concrete(path) == name
        for line, imported in imports(path)
        if imported.partition(".")[0] in {"channels", "router", "rules", "sandbox", "tests"}
        and imported != "channels"
        and not any(imported == each or imported.startswith(f"{each}.") for each in allowed)
    ]
    assert wrong == []


def test_nothing_imports_a_concrete_channel() -> None:
    """The registry reaches a channel by its name, found in its folder."""
    names = tuple(f"channels.{name}" for name in registry.names())
    wrong = [
        at(path, line, imported)
        for path in product()
        if not concrete(path)
        for line, imported in imports(path)
        if imported in names or imported.startswith(tuple(f"{name}." for name in names))
    ]
    assert wrong == []


def test_nothing_branches_on_a_channel_by_name() -> None:
    """Outside its folder no code compares with, matches or looks up the name of a channel."""
    wrong = [
        at(path, part.lineno, ast.unparse(node)[:80])
        for path in product()
        if not concrete(path)
        for node in ast.walk(tree(path))
        for part in choices(node)
        if isinstance(part, ast.Constant) and part.value in CHANNELS and about_channels(node, part.value)
    ]
    assert wrong == []


def choices(node: ast.AST) -> list[ast.expr]:
    """Return the values by which the node chooses: of a comparison, a match, a table or a look-up."""
    parts: list[ast.expr | None] = []
    if isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.MatchValue):
        parts = [node.value]
    elif isinstance(node, ast.Dict):
        parts = [*node.keys]
    elif isinstance(node, ast.Subscript):
        parts = [node.slice]
    return [
        each
        for part in parts
        if part is not None
        for each in (part.elts if isinstance(part, ast.Tuple | ast.Set | ast.List) else [part])
    ]


def about_channels(node: ast.AST, word: str) -> bool:
    """Tell whether the word means the channel: people have an email and a phone too, and settings a type."""
    if word not in {"email", "phone"}:
        return True
    if isinstance(node, ast.Dict):
        return (
            len(
                CHANNELS
                & {key.value for key in node.keys if isinstance(key, ast.Constant)} - {"email", "phone"}
            )
            > 0
        )
    return "channel" in ast.unparse(node)


@pytest.mark.parametrize("name", registry.names())
def test_every_channel_folder_has_one_shape(name: str) -> None:
    """Manifest, guide, pure parser, adapter, recorded data and tests are there."""
    folder = FOLDERS[name]
    missing = [each for each in ("manifest.toml", "README.md", "adapter.py") if not (folder / each).is_file()]
    assert missing == []
    assert (folder / "parse.py").is_file() or (folder / "parse").is_dir()
    assert any((folder / "testdata").iterdir())
    assert any(is_test(path) for path in folder.rglob("test_*.py"))


@pytest.mark.parametrize("name", registry.names())
def test_parsing_is_pure(name: str) -> None:
    """parse.py talks to no network, file, clock or other process."""
    path = FOLDERS[name] / "parse.py"
    busy = {"aiohttp", "asyncio", "os", "pathlib", "requests", "socket", "subprocess", "tempfile", "time"}
    wrong = [at(path, line, each) for line, each in imports(path) if each.partition(".")[0] in busy]
    wrong += [
        at(path, node.lineno, "now()")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow"}
    ]
    assert wrong == []
