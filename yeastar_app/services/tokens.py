"""Random secrets and their hashes: session tokens, link tokens, tickets, codes."""

import secrets

from yeastar_app.access import digest

__all__ = ["digest", "new_code", "new_token"]


def new_token() -> str:
    """256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(1_000_000):06d}"
