"""Rehearsing: the Dockerfile's first stage carried out in a folder, on a machine that has no Docker.

`python -m deploy.rehearse` copies what the stage copies, runs its very commands with `/opt/planner` in that
folder, and asks what was installed for its version and its doctor, with the last stage's variables alone.
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
INSTALLED = "/opt/planner"


class Instruction(NamedTuple):
    """One line of a Dockerfile."""

    name: str
    """In capitals, such as COPY."""
    rest: str


def stages(text: str) -> list[list[Instruction]]:
    """Return the instructions of each stage, which begins with its FROM."""
    found: list[list[Instruction]] = []
    for line in text.replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest.strip()))
    return found


def variables(stage: list[Instruction]) -> dict[str, str]:
    """Return what a stage's ENV instructions set."""
    pairs = [pair for each in stage if each.name == "ENV" for pair in shlex.split(each.rest)]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def build(stage: list[Instruction], folder: Path) -> Path:
    """Carry a stage out below a folder, and return where its programs lie."""
    work = folder
    for name, rest in stage:
        if name == "WORKDIR":
            work = folder / rest.lstrip("/")
            work.mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, work / target)
        elif name == "RUN":
            print(rest, flush=True)
            subprocess.run(
                ["/bin/sh", "-ec", rest.replace(INSTALLED, f"{folder}{INSTALLED}")], cwd=work, check=True
            )
    return Path(f"{folder}{INSTALLED}/bin")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def main() -> int:
    """Build, then run what was built; return 0 where its doctor finds nothing broken."""
    first, last = stages(DOCKERFILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as home:
        programs = build(first, Path(home))
        told = variables(last)
        told["PATH"] = told["PATH"].replace("$PATH", "/usr/bin:/bin").replace(INSTALLED, f"{home}{INSTALLED}")
        told |= {"PLANNER_PROJECT": home, "PLANNER_DATABASE_URL": f"sqlite:///{home}/planner.db"}
        asked = (["planner", "version"], ["planner", "doctor"], ["python", "-c", "import psycopg"])
        codes = [
            subprocess.run([programs / program, *words], cwd="/", env=told, check=False).returncode
            for program, *words in asked
        ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
