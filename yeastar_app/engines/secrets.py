"""Sealing what has to be stored but must not be readable from the database alone: authenticator secrets are encrypted,
short codes are hashed with a key. The key is SECRET_KEY, or is made once and kept in DATA_DIR."""

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet

from yeastar_app.settings import settings

KEY_FILE = "secret.key"


def seal(text: str) -> str:
    """Encrypted and authenticated (Fernet)."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises InvalidToken where the key is another one than then."""
    return _box().decrypt(sealed.encode()).decode()


def keyed_digest(text: str) -> str:
    """HMAC-SHA256 in hex: for codes so short that whoever has the database could try them all."""
    return hmac.new(_key(settings().secret_key, settings().data_dir), text.encode(), hashlib.sha256).hexdigest()


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(settings().secret_key, settings().data_dir)))


@lru_cache
def _key(given: str, folder: Path) -> bytes:
    return hashlib.sha256(given.encode() or _kept(folder)).digest()


def _kept(folder: Path) -> bytes:
    """The key of this installation, made at first use, readable by its owner alone."""
    file = folder / KEY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(secrets.token_hex(32).encode())
        try:
            os.link(draft, file)  # whole or not at all; of two processes starting at once the first one's key stays
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_bytes()
