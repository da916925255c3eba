"""What the command line says to a person: where the system is, who can sign in, and what to do about a problem that
is theirs to solve. Knows no rule."""

import errno
import socket
import threading
import time
import urllib.request
from subprocess import CalledProcessError

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, OperationalError

from yeastar_app.demo.guide import SIGN_INS
from yeastar_app.refusals import Refusal
from yeastar_app.settings import settings

NETWORK_SIGNS = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "EAI_AGAIN", "network", "registry")


class Mendable(Exception):
    """A problem in one sentence that says what to do."""


def refuse_a_taken_port() -> None:
    """Raise Mendable where HOST:PORT cannot be listened on."""
    host, port = settings().host, settings().port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Mendable(
                    f"Port {port} on {host} is in use. Stop what listens there, or choose another: "
                    f"PORT={port + 1 if port < 65535 else 8000} make run"
                ) from None
            raise Mendable(
                f"Cannot listen on {host}:{port}: {error.strerror}. Set HOST and PORT to what this machine has."
            ) from None


def when_it_answers() -> None:
    """Print the welcome as soon as the server answers."""
    threading.Thread(target=_wait_and_welcome, daemon=True).start()


def _wait_and_welcome() -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    host = f"[{settings().host}]" if ":" in settings().host else settings().host
    while True:
        try:
            direct.open(f"http://{host}:{settings().port}/ping", timeout=2).close()
        except OSError:
            time.sleep(0.1)
            continue
        break
    print(welcome(), flush=True)


def welcome() -> str:
    """The address and, in demo mode, the sign-ins."""
    lines = ["", f"Ready: {settings().address}", ""]
    if settings().demo_mode:
        width = max(map(len, SIGN_INS)) + len("@example.com")
        lines += [f"  {name + '@example.com':<{width}}  {who}" for name, who in SIGN_INS.items()]
        lines += [
            "",
            f"  Password of all: {settings().demo_password}",
            f"  Emails:          {settings().address}/mailbox",
            f"  What to try:     {settings().address}/demo",
            "",
        ]
    return "\n".join([*lines, "Ctrl+C stops it."])


def sentence_for(error: Exception) -> str | None:
    """One plain sentence for a problem a person can mend; None for everything else."""
    match error:
        case Refusal():
            return " ".join([error.message, *(words for words in error.fields.values() if words != error.message)])
        case Mendable():
            return str(error)
        case ValidationError() if error.title == "Settings":
            first = error.errors()[0]
            name = str(first["loc"][0]).upper() if first["loc"] else ""
            words = first["msg"].removeprefix("Value error, ")
            return f"The setting {name} is not right: {words}." if name else f"{words}."
        case OperationalError():
            return (
                f"The database {settings().database_name} cannot be used: {_first_line(error.orig)}. "
                "Check DATABASE_URL and that the server runs, then `yeastar migrate`."
            )
        case ArgumentError():
            return "DATABASE_URL is no database address. Example: postgresql+psycopg://user:password@host/name"
        case CalledProcessError() if "reflex" in error.cmd:
            return build_problem(f"{error.stdout or ''}\n{error.stderr or ''}")
        case PermissionError():
            return f"{error.filename} cannot be written: {error.strerror}. Choose a DATA_DIR that belongs to you."
    return None


def build_problem(output: str) -> str:
    """Why the pages could not be built."""
    if any(sign in output for sign in NETWORK_SIGNS):
        return (
            "The pages could not be built because the npm registry cannot be reached. Check the network (or name "
            "another with NPM_CONFIG_REGISTRY) and run it again."
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return "The pages could not be built:\n" + "\n".join(lines[-15:])


def _first_line(error: object) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")
