"""Hold the lock files to pyproject.toml: `check` without a network, `refresh [--upgrade]` with one."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)(?:\s*;[^\\]*)?\s*\\?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the pinned versions by name, and what is wrong with the file itself."""
    pins: dict[str, str] = {}
    problems: list[str] = []
    hashed = True
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := PINNED.match(line):
            if not hashed:
                problems.append(f"{path.name}:{number - 1}: no hash for the package above")
            pins[canonicalize_name(found[1])] = found[2]
            hashed = False
        elif HASH.match(line):
            hashed = True
        elif line.strip():
            problems.append(f"{path.name}:{number}: neither a pinned package nor a hash: {line.strip()[:60]}")
    return pins, problems


def unmet(wanted: list[str], pins: dict[str, str], name: str) -> list[str]:
    """Return what pyproject.toml asks for and the lock does not give."""
    problems = []
    for requirement in map(Requirement, wanted):
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            problems.append(f"{name}: {requirement.name} is not in it")
        elif not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{name}: has {requirement.name} {version}, asked for is {requirement.specifier}")
    return problems


def check(root: Path = ROOT) -> list[str]:
    """Return every way in which the lock files differ from what pyproject.toml asks for."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = settings["project"], settings["dependency-groups"]
    runtime, problems = read(root / "requirements.lock")
    everything, more = read(root / "requirements-dev.lock")
    setup, further = read(root / "requirements-setup.lock")
    problems += more + further
    problems += unmet(groups["setup"], setup, "requirements-setup.lock")
    problems += unmet(project["dependencies"], runtime, "requirements.lock")
    problems += unmet(
        project["dependencies"] + project["optional-dependencies"]["dev"], everything, "requirements-dev.lock"
    )
    problems += [
        f"requirements-dev.lock: has {name} {everything.get(name)}, requirements.lock has {version}"
        for name, version in runtime.items()
        if everything.get(name) != version
    ]
    return problems


def refresh() -> None:
    """Resolve anew and write all files, without addresses in them."""
    common = ["pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate",
              "--python-version", "3.11", *sys.argv[2:]]  # fmt: skip
    everything = ["pyproject.toml", "--extra", "dev", "--constraint", "requirements.lock"]
    for more in (
        ["pyproject.toml", "--output-file", "requirements.lock"],
        [*everything, "--output-file", "requirements-dev.lock"],
        ["--group", "setup", "--output-file", "requirements-setup.lock"],
    ):
        subprocess.run([uv(), *common, *more], cwd=ROOT, check=True)


def uv() -> str:
    """Return the resolver that set-up has put beside this Python."""
    found = Path(sys.executable).with_name("uv")
    if not found.exists():
        sys.exit("Run tools/setup first: it installs uv, which resolves the locks.")
    return str(found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["refresh"]:
        refresh()
    faults = check()
    print("\n".join(faults) or "The lock files give what pyproject.toml asks for.")
    if faults:
        sys.exit("Run: make lock")
