import ast
import re

from tests.architecture.sources import (
    PACKAGES,
    ROOT,
    at,
    committed,
    functions,
    imports,
    product,
    tree,
    written_tests,
)

LINES = 300
FUNCTION_LINES = 50
PARAMETERS = 7


def test_files_are_short() -> None:
    """A file has one reason to exist; above this length it has two."""
    long = [
        at(path, count, "lines")
        for path in product()
        if (count := len(path.read_text().splitlines())) > LINES
    ]
    assert long == []


def test_functions_are_short() -> None:
    """A function can be read at a glance."""
    long = [
        at(path, node.lineno, f"{node.name} has {size} lines")
        for path in product()
        for node in functions(path)
        if (size := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert long == []


def test_functions_take_few_parameters() -> None:
    """What belongs together is passed as one value."""
    wide = [
        at(path, node.lineno, f"{node.name} takes {count}")
        for path in product()
        for node in functions(path)
        if (count := len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)) > PARAMETERS
    ]
    assert wide == []


def test_every_file_says_why_it_exists() -> None:
    """The first thing in a file is a sentence about it."""
    silent = [
        at(path, 1, "no docstring")
        for path in product()
        if path.read_text().strip() and not (ast.get_docstring(tree(path)) or "").split("\n")[0].strip()
    ]
    assert silent == []


def test_public_functions_have_a_sentence() -> None:
    """What others may call says what it does."""
    silent = [
        at(path, node.lineno, node.name)
        for path in product()
        for node in [
            each
            for each in tree(path).body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_test_says_what_it_shows() -> None:
    """A failing test tells in its own words what no longer holds."""
    silent = [
        at(path, node.lineno, node.name)
        for path in written_tests()
        for node in functions(path)
        if node.name.startswith("test_") and not (ast.get_docstring(node) or "").strip()
    ]
    assert silent == []


def test_no_test_is_left_out() -> None:
    """Nothing is skipped, expected to fail or patched; what is missing is installed."""
    forbidden = {"skip", "skipif", "skipIf", "skipUnless", "importorskip", "xfail", "SkipTest"}
    wrong = [
        at(path, node.lineno, name)
        for path in {*written_tests(), *(ROOT / "tests").rglob("*.py")}
        for node in ast.walk(tree(path))
        if (name := node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) in forbidden
    ]
    wrong += [
        at(path, line, name)
        for path in written_tests()
        for line, name in imports(path)
        if name.startswith(("unittest.mock", "mock", "time_machine", "freezegun"))
    ]
    assert wrong == []


def test_the_environment_is_read_in_one_place() -> None:
    """Settings come from router/config.py; nothing else looks into the environment."""
    wrong = [
        at(path, node.lineno, ast.unparse(node))
        for path in product()
        if path != ROOT / "router/config.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv", "environb"}
        and ast.unparse(node.value) == "os"
    ]
    assert wrong == []


def test_tasks_belong_to_a_group() -> None:
    """No task is started and forgotten: an error in it would be lost."""
    wrong = [
        at(path, node.lineno, ast.unparse(node.func))
        for path in product()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"asyncio.create_task", "asyncio.ensure_future", "loop.create_task"}
    ]
    assert wrong == []


def test_times_are_aware() -> None:
    """No naive time is made: now() and fromtimestamp() name their zone."""
    wrong = [
        at(path, node.lineno, ast.unparse(node))
        for path in product()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"datetime.now", "datetime.utcnow", "datetime.fromtimestamp", "datetime.today"}
        and len(node.args) + len(node.keywords) < (2 if node.func.attr == "fromtimestamp" else 1)  # type: ignore[attr-defined]
    ]
    assert wrong == []


def test_nothing_is_left_for_later() -> None:
    """The product has no open ends marked in its source."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    wrong = [
        at(path, number, line.strip())
        for path in committed()
        if path.suffix in {".py", ".js", ".css", ".html", ".sql", ".yaml", ".toml", ".md"}
        and path.parts[len(ROOT.parts)] in {*PACKAGES, "docs", "deploy", "sandbox", "tools"}
        and "testdata" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert wrong == []
