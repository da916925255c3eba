"""The cookies of this application and how a Credential is read from a request. Knows no rule."""

from collections.abc import Mapping
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie

from yeastar_app.access import Credential
from yeastar_app.settings import settings

DAY = 24 * 60 * 60


def session_cookie() -> str:
    """The cookie with the session token; `__Host-` under https, where browsers accept that prefix."""
    return "__Host-session" if settings().is_https else "session"


def device_cookie() -> str:
    """The cookie that recognises a browser: sign-in tickets are bound to it and trust is given to it."""
    return "__Host-device" if settings().is_https else "device"


def set_cookie(name: str, value: str, max_age: int) -> str:
    """A Set-Cookie header that no script can read; `max_age` in seconds, 0 deletes."""
    secure = "; Secure" if settings().is_https else ""
    return f"{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"


def credential(headers: Mapping[str, str], peer: str) -> Credential:
    """What a request brings. `headers` by lower-case name; `peer` is the address of the socket's other end."""
    cookies = _cookies(headers.get("cookie", ""))
    return Credential(
        session_token=cookies.get(session_cookie(), ""),
        device_token=cookies.get(device_cookie(), ""),
        ip=client_ip(headers, peer),
        user_agent=headers.get("user-agent", "")[:300],
    )


def client_ip(headers: Mapping[str, str], peer: str) -> str:
    """The client's address; X-Forwarded-For counts only as far as TRUSTED_PROXY_HOPS says."""
    hops = settings().trusted_proxy_hops
    forwarded = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    address = forwarded[-hops] if 0 < hops <= len(forwarded) else peer
    return address[:45]


@lru_cache(maxsize=4096)
def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
