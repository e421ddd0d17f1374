"""Mutants: every example workflow made wrong in every way that the operators know; validation must find each.

`python -m bench.mutants` prints a table by operator, and everything that was not found.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson

from bench.operators import Mutant, Subject, mutants
from planner import documents
from planner.definition import Workflow
from planner.planning import drafts
from planner.planning.frame import Frame
from tools import catalog, yaml
from tools.catalog import Catalog
from tools.errors import CatalogInvalid

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PROTO = EXAMPLES.parents[1] / "shared" / "real" / "eshop"
_HTTPBIN = """
import sys
from httpbin import app
open(sys.argv[1], "wb").write(app.test_client().get("/spec.json").data)
"""
_BASKET = """
import sys
from grpc_tools import protoc
told = ["-I" + sys.argv[1], "--include_imports", "--descriptor_set_out=" + sys.argv[2], "basket.proto"]
sys.exit(protoc.main(["protoc", *told]))
"""
PUBLISHED = {"var/httpbin.json": ("-c", _HTTPBIN), "var/basket.binpb": ("-c", _BASKET, str(PROTO))}
"""How to make what a service publishes, by the file that a catalogue names."""


class Score(NamedTuple):
    """What came of a set of mutants."""

    killed: int
    survivors: tuple[Mutant, ...]
    spared: int
    """Those that are as right as the workflow they came from."""
    by_operator: dict[str, int]
    """Mutants that had to be found, by operator."""

    @property
    def total(self) -> int:
        """How many had to be found."""
        return self.killed + len(self.survivors)


def subjects(folder: Path) -> Iterator[Subject]:
    """Yield every example workflow; `folder` is for documents that are no part of the repository."""
    for project in sorted(path.parent for path in EXAMPLES.glob("*/catalog.yaml")):
        found = _loaded(project, folder / project.name)
        if found is None:
            sys.stderr.write(f"{project.name} is left out: what its service publishes cannot be made here\n")
            continue
        texts = [path.read_text(encoding="utf-8") for path in sorted((project / "workflows").glob("*.yaml"))]
        data = [yaml.load(text).data for text in texts]
        known = {each["workflow"]: Workflow.model_validate(each) for each in data}
        for each in data:
            yield Subject(each, found, known)


def _loaded(project: Path, folder: Path) -> Catalog | None:
    """Return a project's catalogue; None where nothing is wrong but that files are not there."""
    file = _catalog(project, folder)
    try:
        return None if file is None else catalog.load(file)
    except CatalogInvalid as exc:
        if {problem.code for problem in exc.problems} == {"unknown-file"}:
            return None
        raise


def _catalog(project: Path, folder: Path) -> Path | None:
    """Return a project's catalogue, with what it needs beside it; None where that cannot be made."""
    file = project / "catalog.yaml"
    needed = [name for name in PUBLISHED if name in file.read_text(encoding="utf-8")]
    if not needed:
        return file
    (folder / "var").mkdir(parents=True, exist_ok=True)
    for name in needed:
        ran = subprocess.run(  # noqa: S603 -- our own interpreter
            [sys.executable, "-W", "ignore", *PUBLISHED[name], str(folder / name)],
            capture_output=True,
            check=False,
        )
        if ran.returncode != 0:
            return None
    copied = folder / "catalog.yaml"
    copied.write_bytes(file.read_bytes())
    return copied


def raised(document: Any, found: Catalog, workflows: dict[str, Workflow]) -> list[str]:
    """Return the codes of every error and warning that validation raises."""
    parsed = documents.check(orjson.dumps(document).decode(), catalog=found, workflows=workflows)
    return [each.code for each in (*parsed.problems, *parsed.remarks) if each.severity != "undecided"]


def severities(document: Any, found: Catalog, workflows: dict[str, Workflow]) -> set[str]:
    """Return how bad what validation raises is."""
    parsed = documents.check(orjson.dumps(document).decode(), catalog=found, workflows=workflows)
    return {each.severity for each in (*parsed.problems, *parsed.remarks)}


def composed() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield each operation of the shop, and each two that change something, with what its plan raises."""
    shop = catalog.load(EXAMPLES / "shop" / "catalog.yaml")
    changing = [name for name, each in shop.operations.items() if each.effect != "read"]
    for want in (*((name,) for name in shop.operations), *permutations(changing, 2)):
        draft = next(drafts.composed(Frame(goal="A plan.", want=want), shop, name="plan"))
        if draft.definition:
            yield want, raised(draft.definition, shop, {})


def score(subject: Subject, made: Iterable[Mutant]) -> Score:
    """Return which of the mutants of one workflow are found."""
    killed, spared = 0, 0
    survivors: list[Mutant] = []
    counted: Counter[str] = Counter()
    for mutant in made:
        if mutant.spared:
            spared += 1
            continue
        counted[mutant.operator] += 1
        if raised(mutant.document, mutant.catalog, subject.workflows):
            killed += 1
        else:
            survivors.append(mutant)
    return Score(killed, tuple(survivors), spared, dict(counted))


def together(scores: Iterable[Score]) -> Score:
    """Return several scores as one."""
    whole = Score(0, (), 0, {})
    for each in scores:
        counted = Counter(whole.by_operator) + Counter(each.by_operator)
        whole = Score(
            whole.killed + each.killed,
            (*whole.survivors, *each.survivors),
            whole.spared + each.spared,
            dict(counted),
        )
    return whole


def main() -> int:
    """Print what came of all mutants; end with 1 where one was not found."""
    with TemporaryDirectory() as folder:
        found = together(score(subject, mutants(subject)) for subject in subjects(Path(folder)))
    for name, count in found.by_operator.items():
        print(f"{name:20} {count}")
    for mutant in found.survivors:
        print(f"not found: {mutant.operator} at {mutant.place}")
    print(json.dumps({"mutants": found.total, "killed": found.killed, "spared": found.spared}))
    return 1 if found.survivors else 0


if __name__ == "__main__":
    sys.exit(main())
