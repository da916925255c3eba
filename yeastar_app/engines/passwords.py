"""Hashing and judging passwords. Argon2id with OWASP's minimum (19 MiB, 2 passes), never more than two at once."""

import os
import threading
import unicodedata

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

from yeastar_app.refusals import Refusal
from yeastar_app.words import t

MIN_LENGTH = 10
MAX_LENGTH = 128
_hasher = PasswordHash((Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1),))
_places = threading.Semaphore(max(1, min(2, (os.cpu_count() or 1) - 1)))
"""One core is left to everybody else: hashes on all cores make their clicks wait."""
_dummy = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    with _places:
        return _hasher.hash(_composed(password))


def verify(password: str, hashed: str | None) -> bool:
    """Whether the password is right. Takes as long where there is no hash (an unknown or not activated account)."""
    with _places:
        right = _hasher.verify(_composed(password)[:MAX_LENGTH], hashed or _dummy)
    return right and hashed is not None


def _composed(password: str) -> str:
    """One spelling for what looks the same: keyboards differ in how they send accented letters (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def judge(password: str, *known: str) -> None:
    """Refuse a password that is too short or easily guessed; `known` are words about the person (email, names).

    Rule: PRODUCT 2, after NIST 800-63B: length and a list of common ones, no composition rules.
    """
    if len(password) < MIN_LENGTH:
        raise Refusal("password_short", t("At least {n} characters.", n=MIN_LENGTH), "password")
    if len(password) > MAX_LENGTH:
        raise Refusal("password_long", t("At most {n} characters.", n=MAX_LENGTH), "password")
    parts = [part for word in known for part in {word, *word.replace("@", " ").replace(".", " ").split()} if part]
    if zxcvbn(password[:72], user_inputs=parts)["score"] < 2:
        raise Refusal(
            "password_guessable",
            t("This password is on lists of common ones or easy to guess. Three or four unrelated words work well."),
            "password",
        )
