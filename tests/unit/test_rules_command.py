"""`handleby rules explain --message`: what is wrong with the JSON is said in words, never in a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import command
from router.errors import HandlebyError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a settings file on the shipped rules."""
    path = tmp_path / "handleby.toml"
    path.write_text(f'data_dir = "{tmp_path}"\n', encoding="utf-8")
    return path


def explain(config: Path, message: str) -> None:
    """Run the command."""
    line = ["rules", "explain", "--message", message, "--config", str(config)]
    command(line)(line, standalone_mode=False)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "{bad",
            "--message is not JSON: Expecting property name enclosed in double quotes at line 1, column 2.",
        ),
        ('{"channel": "email",\n text}', "at line 2, column 2."),
        ("[1]", "must be one object in braces, and is a list."),
        ("3", "must be one object in braces, and is 3."),
        ("null", "must be one object in braces, and is None."),
        ("[" * 100_000, "is too deep"),
        ('{"unanswered": ' + "9" * 5000 + "}", "too long a number"),
        ('{"channel": "telex"}', "names the channel 'telex'. Name one of these: email, facebook, forum"),
        ('{"channel": ["email"]}', "names the channel ['email']."),
        ('{"channel": "email", "txet": "Hi"}', "did you mean 'text'?"),
        ('{"channel": "email", "customer": ' + '{"a": ' * 500 + "1" + "}" * 501, "is too deep"),
    ],
)
def test_what_is_wrong_is_said(config: Path, message: str, said: str) -> None:
    """It says what is wrong, where, and how to write it."""
    with pytest.raises(HandlebyError) as caught:
        explain(config, message)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_is_right_is_explained(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every rule is answered for, and what was decided stands at the end."""
    explain(config, '{"channel": "email", "text": "Where is my parcel?"}')
    assert capsys.readouterr().out.splitlines()[-1].startswith("So: queue ")


def test_the_command_ends_without_a_traceback(config: Path) -> None:
    """A person sees one line, and the exit status tells of the failure."""
    line = [sys.executable, "-m", "router", "rules", "explain", "--message", "{bad", "-c", str(config)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("handleby: --message is not JSON")
    assert "Traceback" not in done.stderr
