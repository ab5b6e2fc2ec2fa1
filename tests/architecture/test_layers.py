import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT, at, imports, product

#: Each of these libraries stands behind a port: only the files named may import it.
SOLE_IMPORTERS = {
    "aio_pika": ("router/brokers/rabbit",),
    "aiormq": ("router/brokers/",),
    "motor": ("router/stores/mongo",),
    "pymongo": ("router/stores/mongo",),
    "bson": ("router/stores/mongo",),
    "gridfs": ("router/stores/mongo",),
    "slack_sdk": ("router/desk/slack",),
    "aiosmtpd": ("channels/email/",),
    "aiosmtplib": ("channels/email/",),
    "tweepy": ("channels/twitter/",),
}


def test_a_message_flows_one_way() -> None:
    """The import layers of pyproject.toml are kept."""
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_module_of_the_router_has_its_layer() -> None:
    """A new module is placed in a layer, not left outside all of them."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    placed = {
        name.strip("() ") for layer in contract["layers"] for name in layer.replace("|", ":").split(":")
    }
    outside = [
        str(path.relative_to(ROOT))
        for path in product()
        if path.is_relative_to(ROOT / "router") and path.name != "__init__.py" and not _names(path) & placed
    ]
    assert outside == []


def _names(path: Path) -> set[str]:
    """Return the full names of a module and of the packages that it is in, `router` itself apart."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return {".".join(parts[:length]) for length in range(2, len(parts) + 1)}


def test_a_library_behind_a_port_is_imported_there_only() -> None:
    """Replacing a client library means changing one place."""
    wrong = [
        at(path, line, name)
        for path in product()
        for line, name in imports(path)
        if (places := SOLE_IMPORTERS.get(name.partition(".")[0]))
        and not str(path.relative_to(ROOT)).startswith(places)
    ]
    assert wrong == []


def test_rules_know_only_rules_messages_and_errors() -> None:
    """What ops decide depends on no channel, store or broker."""
    wrong = [
        at(path, line, name)
        for path in product()
        if path.is_relative_to(ROOT / "rules")
        for line, name in imports(path)
        if name.partition(".")[0] in {"channels", "router"}
        and not name.startswith(("router.errors", "channels.message"))
    ]
    assert [entry for entry in wrong if not entry.endswith((": router", ": channels"))] == []


def test_the_sandbox_is_for_the_demo_and_tests() -> None:
    """The product runs without its stand-ins."""
    wrong = [
        at(path, line, name)
        for path in product()
        if path.name not in {"demo.py", "__main__.py"} and path.parent.name != "demo"
        for line, name in imports(path)
        if name.partition(".")[0] in {"sandbox", "tests", "benchmarks"}
    ]
    assert wrong == []
