import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-setup.lock")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the files that the lock check reads."""
    for name in ("pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def faults(root: Path) -> str:
    """Return what the lock check finds in a folder."""
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tools'); from locks import check; "
        f"print('\\n'.join(check(Path({str(root)!r}))))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_lock_that_fits_is_left_alone(copy: Path) -> None:
    """The files as committed have no fault."""
    assert faults(copy).strip() == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pyproject.toml", '"tenacity>=9.2.1,<10"', '"tenacity>=99"', "asked for is >=99"),
        ("pyproject.toml", '"tenacity>=9.2.1,<10"', '"tenacity>=9", "left-pad"', "left-pad is not in it"),
        (
            "requirements.lock",
            "aio-pika==",
            "--extra-place elsewhere\naio-pika==",
            "neither a pinned package nor a hash",
        ),
        ("requirements.lock", "aio-pika==10", "aio-pika==11", "requirements-dev.lock: has aio-pika 10"),
        ("requirements-setup.lock", "uv==", "uv==0.0.1\nuvx==", "no hash for the package above"),
    ],
)
def test_a_lock_that_does_not_fit_is_named(copy: Path, file: str, old: str, new: str, said: str) -> None:
    """Missing, outdated, unhashed and foreign entries are each told, with file and line or package."""
    change(copy / file, old, new)
    assert said in faults(copy)


def test_missing_servers_are_named_and_not_skipped(tmp_path: Path) -> None:
    """Without the right to install, the script says what to install and fails."""
    script = tmp_path / "debian"
    text = (ROOT / "tools/debian").read_text()
    script.write_text(text.replace("/usr/bin/chromium", "/nonexistent/chromium").replace("$(id -u)", "1000"))
    found = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "apt-get install --no-install-recommends chromium" in found.stderr


def test_set_up_says_which_python_it_needs(tmp_path: Path) -> None:
    """A machine without Python 3.11 gets a sentence, not a trace."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/setup", tmp_path / "tools/setup")
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("dirname", "sh"):
        (bare / name).symlink_to(shutil.which(name) or "")
    found = subprocess.run(
        [tmp_path / "tools/setup", "requirements.lock"],
        env={"PATH": str(bare)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "Handleby needs Python 3.11 or newer" in found.stderr
