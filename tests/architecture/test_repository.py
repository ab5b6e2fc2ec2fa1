import re
import subprocess
import sys

from tests.architecture.sources import ROOT, at, committed

#: Written as patterns, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|(deb|security|snapshot)\.debian\.org|index[-]url"
)
MACHINE = re.compile(r"(?<![\w.])/(work|root|home|Users)(?=/)/[a-z]")


def lines() -> list[tuple[str, int, str]]:
    """Return every line of every committed text file."""
    found = []
    for path in committed():
        data = path.read_bytes()
        if b"\0" in data[:8000] or "testdata" in path.parts or "fixtures" in path.parts:
            continue
        text = data.decode("utf-8", "replace")
        found += [(str(path), number, line) for number, line in enumerate(text.splitlines(), 1)]
    return found


def test_no_package_registry_is_named() -> None:
    """Where packages come from is the business of whoever installs."""
    assert [f"{path}:{number}" for path, number, line in lines() if REGISTRIES.search(line)] == []


def test_no_path_of_a_machine_is_named() -> None:
    """Nothing depends on where it was written."""
    assert [f"{path}:{number}" for path, number, line in lines() if MACHINE.search(line)] == []


def test_no_large_or_generated_file_is_committed() -> None:
    """The repository holds what people write, and vendored files with their licence."""
    large = [
        at(path, 1, f"{path.stat().st_size} bytes") for path in committed() if path.stat().st_size > 600_000
    ]
    assert large == []


def test_the_locks_give_what_is_asked_for() -> None:
    """Every dependency is pinned with hashes, without an address; nothing else is in the files."""
    found = subprocess.run(
        [sys.executable, "tools/locks.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_users_run_is_permissively_licensed() -> None:
    """No runtime dependency asks users to open their own work."""
    found = subprocess.run(
        [sys.executable, "tools/licences.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_copyleft_licence_would_be_noticed() -> None:
    """The gate reads expressions as SPDX means them."""
    program = (
        "import sys; sys.path.insert(0, 'tools'); from licences import permitted as p; "
        "print(p('MIT'), p('GPL-3.0-only OR MIT'), p('(MIT AND BSD-3-Clause) OR GPL-2.0-only'), p('GPL-3.0-only'), "
        "p('MIT AND GPL-2.0-only'), p('Apache-2.0 WITH LLVM-exception'), p(''), p('LGPL-3.0-only'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["True", "True", "True", "False", "False", "True", "False", "False"]


def test_every_target_of_the_makefile_is_there() -> None:
    """The commands that README and CI name exist."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test", "check", "bench", "drill", "soak", "lock", "clean"} <= targets
    assert (ROOT / ".ci/run").stat().st_mode & 0o100
    named = re.findall(
        r"\bmake ([a-z]+)", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert set(named) <= targets
