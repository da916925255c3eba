"""From a bare clone to a running system: makes the environment, then hands over to `yeastar`. Standard library only,
and written so that an old Python still reaches the sentence that says it is too old. Called by the Makefile."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "installed.json"
LOG = VENV / "install.log"
OLDEST = (3, 11)
LOCKS = {
    "run": ["requirements.lock", "requirements-installer.lock"],
    "test": ["requirements-dev.lock", "requirements-installer.lock"],
}
SYSTEM_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
NO_INPUT = {"stdin": subprocess.DEVNULL}


def main():
    task = sys.argv[1] if len(sys.argv) > 1 else ""
    tasks = {"run": run, "test": test, "check": check, "bench": bench}
    if task not in tasks:
        stop("Say what to do: " + ", ".join(tasks) + ".")
    os.chdir(ROOT)
    # With this set (many container images do), every process would compile all libraries anew: 8 seconds each.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    tasks[task]()


def run():
    """Install what the application needs, then migrate, build and serve."""
    install("run")
    os.environ.setdefault("DEMO_MODE", "true")
    sys.stdout.flush()
    os.execv(str(BIN / "python"), [str(BIN / "python"), "-m", "yeastar_app.cli", "up"])


def test():
    """All tests, the browser ones on the production build beside the others."""
    install("test")
    chromium()
    say("Building the pages")
    python("-c", "from yeastar_app.build import build; build()")
    # Apart, because a browser driven from a process leaves no event loop for the asynchronous tests in it. A file stays
    # with one worker: its tests share servers.
    pytest = [str(BIN / "python"), "-m", "pytest", "-n", "2", "--dist", "loadfile"]
    say("Running the tests of rules, doors and tables")
    apart = subprocess.run([*pytest, "-m", "not browser", *sys.argv[2:]], **NO_INPUT).returncode
    say("Running the tests in a browser")
    together = subprocess.run(
        [*pytest, "-m", "browser", "--no-loadscope-reorder", *sys.argv[2:]], **NO_INPUT
    ).returncode
    sys.exit(apart or together)


def check():
    """Style, types, the house's import rules, and the locks."""
    install("test")
    failed = [name for name, command in checks().items() if not passes(name, command)]
    if failed:
        stop("Failed: " + ", ".join(failed) + ".")
    say("All checks passed")


def checks():
    return {
        "ruff": [str(BIN / "ruff"), "check", "."],
        "format": [str(BIN / "ruff"), "format", "--check", "."],
        "types": [str(BIN / "mypy")],
        "import rules": [str(BIN / "lint-imports")],
        "installed packages": [str(BIN / "uv"), "pip", "check", "--python", str(BIN / "python")],
        "locks": [str(BIN / "python"), str(ROOT / ".ci" / "locks.py")],
    }


def passes(name, command):
    say("Checking: " + name)
    return subprocess.run(command, **NO_INPUT).returncode == 0


def bench():
    install("test")
    python("-c", "from yeastar_app.build import build; build()")
    finish([str(BIN / "python"), "-m", "tests.bench", *sys.argv[2:]])


def install(what):
    """Bring .venv to what the lock files say; nothing to do where it is there already."""
    python_or_stop()
    if installed(what):
        return
    if not working_environment():
        say("Making the Python environment in .venv")
        shutil.rmtree(str(VENV), ignore_errors=True)
        make_environment()
    say("Installing the Python packages (versions and hashes are locked)")
    sync = [str(BIN / "uv"), "pip", "sync", "--require-hashes", "--python", str(BIN / "python"), *LOCKS[what]]
    ourselves = [str(BIN / "uv"), "pip", "install", "--python", str(BIN / "python")]
    ourselves += ["--no-deps", "--no-build-isolation", "--editable", "."]
    with LOG.open("w") as log:
        installer = [str(BIN / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
        for command in ([*installer, "-r", "requirements-installer.lock"], sync, ourselves):
            if subprocess.run(command, env=index(), stdout=log, stderr=log, **NO_INPUT).returncode:
                log.flush()
                stop(
                    "The Python packages could not be installed: " + last_line() + " Check that the package index can "
                    "be reached (PIP_INDEX_URL names another one) and run it again; .venv/install.log has the details."
                )
    STAMP.write_text(json.dumps({"what": what, "locks": fingerprint(what)}))


def index():
    """pip's settings, in the names uv knows."""
    environment = dict(os.environ, UV_NO_PROGRESS="1")
    for ours, theirs in (
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
        ("PIP_CERT", "SSL_CERT_FILE"),
    ):
        if os.environ.get(ours):
            environment.setdefault(theirs, os.environ[ours])
    environment.pop("VIRTUAL_ENV", None)
    return environment


def last_line():
    lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines() if line.strip()]
    words = lines[-1] if lines else "no reason given"
    return words[:300].rstrip(".") + "."


def installed(what):
    """Whether .venv holds what is locked now; the test environment includes the other."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    enough = stamp.get("what") in (what, "test")
    return enough and stamp.get("locks") == fingerprint(stamp["what"]) and working_environment()


def fingerprint(what):
    total = hashlib.sha256()
    for name in [*LOCKS[what], "pyproject.toml"]:
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()


def working_environment():
    try:
        answer = subprocess.run(
            [str(BIN / "python"), "-c", "import sys, pip; print(*sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **NO_INPUT,
        )
    except OSError:
        return False
    return answer.returncode == 0 and tuple(map(int, answer.stdout.split())) >= OLDEST


def make_environment():
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **NO_INPUT
    )
    if made.returncode:
        stop(
            "Python's own `venv` module does not work here. On Debian and Ubuntu `apt install python3-venv` brings it; "
            "then run it again."
        )


def python_or_stop():
    """Go on with a Python that is new enough: this one, or a newer one on PATH."""
    if sys.version_info[:2] >= OLDEST:
        return
    for minor in (14, 13, 12, 11):
        newer = shutil.which("python3." + str(minor))
        if newer and subprocess.run([newer, "-c", ""], stderr=subprocess.DEVNULL, **NO_INPUT).returncode == 0:
            sys.stdout.flush()
            os.execv(newer, [newer, str(ROOT / "bootstrap.py"), *sys.argv[1:]])
    stop(
        "Python 3.11 or newer is needed, this is "
        + ".".join(map(str, sys.version_info[:2]))
        + ". Install one and run `make PYTHON=python3.11 …`."
    )


def chromium():
    """A browser for the tests: Playwright's own, else the system's, else the distribution's package."""
    if has_own_chromium() or system_chromium():
        return
    say("Fetching Chromium for the browser tests")
    with LOG.open("a") as log:
        subprocess.run([str(BIN / "playwright"), "install", "chromium"], stdout=log, stderr=log, **NO_INPUT)
        if not has_own_chromium() and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
            quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
            for command in (
                ["apt-get", "update"],
                *(["apt-get", "install", "-y", name] for name in SYSTEM_CHROMIUM[:2]),
            ):
                if not system_chromium():
                    subprocess.run(command, env=quiet, stdout=log, stderr=log, **NO_INPUT)
    if not has_own_chromium() and not system_chromium():
        stop(
            "The browser tests need Chromium, and it could not be downloaded. Install your system's `chromium` package "
            "and run it again; .venv/install.log has the details."
        )


def has_own_chromium():
    ask = "from playwright.sync_api import sync_playwright as s; p = s().start(); print(p.chromium.executable_path)"
    answer = subprocess.run(
        [str(BIN / "python"), "-c", ask + "; p.stop()"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **NO_INPUT
    )
    return answer.returncode == 0 and Path(answer.stdout.decode().strip()).exists()


def system_chromium():
    """Where the system has one; the one without windows is a quarter quicker."""
    return next(filter(None, map(shutil.which, SYSTEM_CHROMIUM)), None)


def python(*arguments):
    done = subprocess.run([str(BIN / "python"), *arguments], **NO_INPUT)
    if done.returncode:
        sys.exit(done.returncode)


def finish(command):
    sys.stdout.flush()
    sys.exit(subprocess.run(command, **NO_INPUT).returncode)


def say(words):
    print("\033[1m" + words + "\033[0m" if sys.stdout.isatty() else words, flush=True)


def stop(words):
    print(words, file=sys.stderr, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
