from pathlib import Path

import pytest

from channels.account import convert
from channels.email import account as accounts
from channels.email.account import read
from channels.errors import Misconfigured
from channels.manifest import COMMON
from channels.manifest import read as read_manifest

OURS = {"address": "help@example.com"}


def test_the_manifest_and_the_reader_know_the_same_settings() -> None:
    """Every setting of the manifest is read, with the same default."""
    settings = read_manifest(Path(__file__).with_name("manifest.toml")).settings
    own = {name: setting for name, setting in settings.items() if name not in COMMON}
    assert set(own) == {"address", *accounts._DEFAULTS}
    for name, default in accounts._DEFAULTS.items():
        assert convert(own[name], own[name].default) == default, name


def test_a_url_is_taken_apart() -> None:
    """User, port and folder come from the URL, with the usual ports."""
    account = read({**OURS, "receive": "imaps://us%40er@imap.example.com/Support/New", "password": "x"})
    assert account.receive is not None
    assert (account.receive.user, account.receive.port) == ("us@er", 993)
    assert account.receive.folder == "Support/New"
    assert account.fetches
    assert not account.listens
    assert account.send is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"address": "help"}, "address"),
        ({"aliases": ("info",)}, "aliases"),
        ({"receive": "pop://x"}, "receive"),
        ({"receive": "imaps://imap.example.com"}, "password"),
        ({"receive": "imap://imap.example.com", "password": "x"}, "unencrypted"),
        ({"send": "smtp://mail.example.com", "password": "x"}, "unencrypted"),
        ({"receive": "imaps://u:secret@imap.example.com"}, "password"),
        ({"receive": "smtp://127.0.0.1:99999"}, "port"),
        ({"sent_folder": "Sent"}, "sent_folder"),
        ({"import_since": "yesterday"}, "import_since"),
        ({"oauth_token_url": "https://x.example/token"}, "oauth_client_id"),
    ],
)
def test_what_cannot_work_is_refused_by_name(settings: dict[str, object], named: str) -> None:
    """The message names the setting and never shows a secret."""
    with pytest.raises(Misconfigured, match=named) as refused:
        read({**OURS, **settings})
    assert "secret" not in str(refused.value)


def test_an_authority_that_cannot_be_read_is_named() -> None:
    """The file and the setting stand in the message."""
    with pytest.raises(Misconfigured, match=r"tls_ca: /nowhere\.pem"):
        accounts.trust(read({**OURS, "tls_ca": "/nowhere.pem"}))
