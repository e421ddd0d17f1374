"""A project of Python functions in a folder of its own, and the command line in this process."""

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.cli import main

OPERATIONS = '''
import time
from pathlib import Path


def look(name: str) -> dict[str, str]:
    """Greet."""
    return {"greeting": f"hello {name}"}


def note(file: str, line: str) -> dict[str, int]:
    """Append a line to a file."""
    with Path(file).open("a", encoding="utf-8") as out:
        out.write(line + "\\n")
    return {"lines": len(Path(file).read_text(encoding="utf-8").splitlines())}


def nap(seconds: float) -> dict[str, float]:
    """Let time pass."""
    time.sleep(seconds)
    return {"slept": seconds}


def linger(file: str, line: str, seconds: float) -> dict[str, str]:
    """Append a line to a file, and take long to say so."""
    note(file, line)
    time.sleep(seconds)
    return {"line": line}


def break_(why: str) -> dict[str, str]:
    """Fail."""
    raise RuntimeError(why)
'''
CATALOG = """
services:
  desk:
    python:
      look: "{module}:look"
      note: "{module}:note"
      nap: "{module}:nap"
      linger: "{module}:linger"
      break: "{module}:break_"
    operations:
      look: {{effect: read}}
      note: {{effect: write, lasting: true}}
      linger: {{effect: write, lasting: true, timeout: PT60S}}
      nap: {{effect: read, timeout: PT60S}}
"""
GREET = """
workflow: greet
goal: Greet somebody by name.
input: {type: object, required: [name], properties: {name: {type: string}}}
steps:
  look: {call: desk.look, with: {name: "${input.name}"}}
  choose:
    decide: How warmly?
    given: {name: "${input.name}"}
    options:
      warm: {means: With a hug., then: end}
      cool: {means: With a nod., then: end}
      icy: {means: Not at all., when: "${input.name == 'nobody'}", then: end}
    otherwise: cool
output: {said: "${look.greeting}", how: "${choose.choice}"}
"""
ASK = """
workflow: ask
goal: Ask a person.
input: {type: object, required: [file], properties: {file: {type: string}}}
steps:
  first: {call: desk.note, with: {file: "${input.file}", line: first}}
  approve:
    decide: May it go on?
    by: person
    options: {yes_please: {then: second}, no_thanks: {then: stop}}
    otherwise: no_thanks
  stop: {fail: nobody wanted it}
  second: {call: desk.note, with: {file: "${input.file}", line: second}}
output: {lines: "${second.lines}"}
"""
SLOW = """
workflow: slow
goal: Take a while between two notes.
input: {type: object, required: [file, seconds], properties: {file: {type: string}, seconds: {type: number}}}
steps:
  first: {call: desk.note, with: {file: "${input.file}", line: first}}
  nap: {call: desk.nap, with: {seconds: "${input.seconds}"}}
  second: {call: desk.note, with: {file: "${input.file}", line: second}}
output: {lines: "${second.lines}"}
"""
FAILING = """
workflow: failing
goal: Fail.
steps:
  stop: {fail: it had to be}
"""


class Said(NamedTuple):
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


class Desk:
    """A project, and the commands in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.module = f"desk_{uuid.uuid4().hex}"  # noqa: TID251 - a name that no other test has imported
        (folder / "workflows").mkdir()
        self.write(f"{self.module}.py", OPERATIONS)
        self.write("catalog.yaml", CATALOG.format(module=self.module))
        for name, text in {"greet": GREET, "ask": ASK, "slow": SLOW, "failing": FAILING}.items():
            self.write(f"workflows/{name}.yaml", text)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text.lstrip("\n"), encoding="utf-8")
        return path

    def say(self, *arguments: str) -> Said:
        """Run a command as it is."""
        self._capsys.readouterr()
        code = main(list(arguments))
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)

    def __call__(self, *arguments: str) -> Said:
        """Run a command in the project."""
        noun, *rest = arguments
        return self.say(noun, *rest, "--project", str(self.folder), *self.store(noun))

    def store(self, noun: str) -> list[str]:
        return [] if noun in {"validate", "catalog"} else ["--database", self.database]

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'runs.db'}"

    @property
    def lines(self) -> list[str]:
        """What the notes hold."""
        return self.notes.read_text(encoding="utf-8").splitlines() if self.notes.exists() else []

    @property
    def notes(self) -> Path:
        return self.folder / "notes.txt"

    def asked(self) -> Any:
        """Begin the run that waits for a person."""
        return self("run", "ask", "--input", json.dumps({"file": str(self.notes)}), "--json").data


@pytest.fixture(autouse=True)
def _own_path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)
