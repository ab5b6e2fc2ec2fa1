"""The folder of one machine's data, and the secret key that is made in it once."""

import os
import secrets
from pathlib import Path

from router.errors import ConfigError

NAME = "secret_key"
#: Characters; shorter keys are refused.
LEAST = 32
ADVICE = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def make_folder(folder: Path) -> None:
    """Make the data folder, for its owner only; one that exists is left as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"data_dir: {folder} cannot be made: {error.strerror}") from None


def obtain(folder: Path) -> str:
    """Return the key in the folder, making it first where there is none.

    Several processes may ask at once: one of them makes it, all get the same.
    """
    path = folder / NAME
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode & 0o777
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"secret_key: {path} cannot be used: {error}") from None
    if mode & 0o077:
        raise ConfigError(f"secret_key: {path} can be read by others. Run: chmod 600 {path}")
    if len(key) < LEAST:
        raise ConfigError(f"secret_key: {path} holds fewer than {LEAST} characters. {ADVICE}")
    return key


def _make(path: Path) -> None:
    """Write the whole key beside its place, then link it there: nobody ever reads half a key."""
    draft = path.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was faster; its key holds
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
