"""The production build of the pages: made when sources changed, served from any address. Knows no rule."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from reflex_base.plugins import Plugin

from yeastar_app.settings import ROOT

STAMP = ROOT / ".web" / "built"
STATIC = ROOT / ".web" / "build" / "client"
SOURCES = ("yeastar_app/portals", "yeastar_app/components", "assets", "reflex.lock")
LONE_SOURCES = ("rxconfig.py", "requirements.lock", "yeastar_app/yeastar_app.py", "yeastar_app/build.py",
                "yeastar_app/words.py", "yeastar_app/features.py", "yeastar_app/demo/guide.py")  # fmt: skip
BAKED = {
    '"ws://localhost:8000': '(globalThis.location?.origin??"http://localhost:8000").replace(/^http/,"ws")+"',
    '"http://localhost:8000': '(globalThis.location?.origin??"http://localhost:8000")+"',
    "`ws://localhost:8000": '(globalThis.location?.origin??"http://localhost:8000").replace(/^http/,"ws")+`',
    "`http://localhost:8000": '(globalThis.location?.origin??"http://localhost:8000")+`',
}
"""The framework writes the server's address into the bundle. Pages must work at whatever address they came from, so
the literal becomes the page's own origin: one build serves every port, host and proxy."""


class AnyAddress(Plugin):
    """Post-build step: see BAKED."""

    def post_build(self, **context: Any) -> None:
        changed = sum(unbake(script) for script in Path(context["static_dir"]).rglob("*.js"))
        if not changed:
            raise RuntimeError("the built pages do not hold the server's address where it was expected")


def unbake(script: Path) -> bool:
    """Rewrite one built script (and its compressed twin); whether anything was there to rewrite."""
    text = before = script.read_text()
    for literal, expression in BAKED.items():
        text = text.replace(literal, expression)
    if text == before:
        return False
    script.write_text(text)
    twin = script.with_name(script.name + ".gz")
    if twin.exists():
        twin.write_bytes(gzip.compress(text.encode(), mtime=0))
    return True


def fingerprint() -> str:
    """A hash over everything the built pages are made from."""
    total = hashlib.sha256(sys.version.encode())
    files = [file for place in SOURCES for file in sorted((ROOT / place).rglob("*")) if file.is_file()]
    for file in [*files, *(ROOT / name for name in LONE_SOURCES)]:
        if file.suffix != ".pyc" and file.exists():
            total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def is_built() -> bool:
    return STAMP.exists() and STATIC.exists() and STAMP.read_text() == fingerprint()


def tool_environment() -> dict[str, str]:
    """The environment every run of the framework's tools gets: the Node of our own environment first on PATH."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


def node() -> str:
    """The Node of our own environment."""
    return str(Path(sys.executable).parent / "node")


def build() -> None:
    """Build the pages (nothing to do where the sources are as they were). Raises CalledProcessError with the
    tool's output where it fails."""
    if is_built():
        return
    wanted = fingerprint()
    STAMP.unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--loglevel", "warning"],
        cwd=ROOT,
        env=tool_environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    STAMP.write_text(wanted)
