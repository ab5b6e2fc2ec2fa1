"""The source files that the rules of the house are held against."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("channels", "rules", "router")


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def is_test(path: Path) -> bool:
    """Tell whether a file is a test or stands beside one only to serve it.

    `channels/<name>/stand.py` is a stand-in for the channel's provider, as those in `sandbox/` are.
    """
    if path.name == "stand.py" and path.parent.parent == ROOT / "channels":
        return True
    return path.name.startswith(("test_", "conftest")) or path.is_relative_to(ROOT / "tests")


@cache
def product() -> tuple[Path, ...]:
    """Return the Python files of the three packages, tests and test data apart."""
    found = (path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    return tuple(sorted(path for path in found if not is_test(path) and "testdata" not in path.parts))


@cache
def written_tests() -> tuple[Path, ...]:
    """Return the files with tests, wherever they stand."""
    found = (path for name in ("tests", *PACKAGES) for path in (ROOT / name).rglob("test_*.py"))
    return tuple(sorted(found))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything the file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
            yield node.lineno, node.module


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def at(path: Path, line: int, text: str) -> str:
    """Return `file:line: text`, relative to the repository."""
    return f"{path.relative_to(ROOT)}:{line}: {text}"


@cache
def committed() -> tuple[Path, ...]:
    """Return the files under version control, those about to be among them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())
