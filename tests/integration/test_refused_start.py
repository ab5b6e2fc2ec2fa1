"""A start that cannot work ends with one sentence that says how to mend it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.ports import free_port
from tests.support.running import ROOT


def refused(folder: Path, **settings: str) -> str:
    """Start the service, which must end by itself; return what it said."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("HANDLEBY_")}
    receive = {"HANDLEBY_CHANNELS__EMAIL__SUPPORT__RECEIVE": f"smtp://127.0.0.1:{free_port()}"}
    done = subprocess.run(
        [sys.executable, "-m", "router", "run"],
        cwd=folder, env={**ours, "PYTHONPATH": str(ROOT), **receive, **settings},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    """Where another program listens, the address and the way to choose another are said."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        said = refused(tmp_path, HANDLEBY_SERVER__LISTEN=taken)
    assert f"server.listen: cannot listen on {taken}: Address already in use" in said
    assert "HANDLEBY_SERVER__LISTEN" in said


def test_the_sample_team_answers_no_real_mailbox(tmp_path: Path) -> None:
    """Without agents, an account that reaches beyond this machine is refused by name."""
    said = refused(tmp_path, HANDLEBY_CHANNELS__EMAIL__SUPPORT__SEND="smtps://me@mail.example.com")
    assert "email.support would reach beyond this machine" in said


def test_every_account_that_cannot_work_is_named(tmp_path: Path) -> None:
    """What channels find wrong with their accounts is said all at once, each with its place, and how to mend it."""
    (tmp_path / "rules.yaml").write_bytes((ROOT / "deploy" / "rules.yaml").read_bytes())
    (tmp_path / "handleby.toml").write_text(
        """
        rules = "rules.yaml"
        [channels.email.support]
        address = "help@example.com"
        oauth_token_url = "https://login.example.com/token"
        [channels.twitter.one]
        api_key = "a"
        api_secret = "b"
        access_token = "no number before it"
        access_token_secret = "c"
        """
    )
    said = refused(tmp_path)
    assert "channels.email.support.oauth_client_id: is needed with oauth_token_url" in said
    assert said.count("channels.twitter.one.") == 1
    assert "channels.twitter.one.access_token: must begin with" in said
