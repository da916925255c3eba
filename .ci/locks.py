"""Whether the lock files still say what pyproject.toml asks for: every direct dependency is pinned, with hashes, and
the test environment has the same versions as the running one. Needs no network."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


def pinned(file: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.\-\[\],]+)==([^\s;\\]+)", (ROOT / file).read_text(), re.MULTILINE)
    return {name_of(name): version for name, version in found}


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run, test = pinned("requirements.lock"), pinned("requirements-dev.lock")
    problems = [
        f"{name} is not in requirements.lock" for name in map(name_of, project["dependencies"]) if name not in run
    ]
    wanted = map(name_of, project["optional-dependencies"]["dev"])
    problems += [f"{name} is not in requirements-dev.lock" for name in wanted if name not in test]
    problems += [
        f"{name} is {version} in requirements.lock and {test.get(name, 'missing')} in requirements-dev.lock"
        for name, version in run.items()
        if test.get(name) != version
    ]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
