"""A copy of the source tree, in which a test may make channels and run commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What a contributor works on.
PARTS = ("channels", "router", "rules", "sandbox", "tests")
SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".hypothesis")


class Checkout:
    """The copy."""

    def __init__(self, folder: Path) -> None:
        """Copy the tree into the folder."""
        self.folder = folder
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=SKIPPED)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def run(self, *words: str, seconds: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Run a Python module in the copy, as `python -m`; return what it printed."""
        environ = {
            key: value for key, value in os.environ.items() if not key.startswith(("HANDLEBY_", "PYTEST_"))
        }
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder, env={**environ, "PYTHONPATH": str(self.folder)},
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def succeed(self, *words: str) -> str:
        """Run it, see that it succeeds, and return what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout
