"""Files: counterexamples and covers as case files, and what the engine of production makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals import jobs, load, runner, writing
from evals.explore import cover, export, graph
from evals.explore.findings import Found, Written
from evals.explore.search import Search
from evals.explore.walk import walk


def counterexamples(search: Search, found: Sequence[Found], folder: Path, project: Path) -> list[Written]:
    """Write violations down as cases and run each once.

    Args:
        search: the search that found them.
        found: the violations.
        folder: where the file is put.
        project: the folder of the project.
    """
    if not found:
        return []
    cases = []
    for place, each in enumerate(found, start=1):
        path = walk(search.subject, each.scenario, graph.moves(search.graph.shortest(each.node)))
        name, message = each.violation
        expect = {"invariants": "default"}
        cases.append(export.case(path, name=f"{place} {name}", title=f"{name}: {message}", expect=expect))
    file = _write(search, folder, cases, "counterexamples")
    results = {job.case.id: runner.run(job) for job in jobs.listed(load.load([file], folder=project))}
    return [
        Written(
            file,
            case["id"],
            results[case["id"]].status == "failed" and each.violation.message in results[case["id"]].reason,
        )
        for each, case in zip(found, cases, strict=True)
    ]


def suite(search: Search, folder: Path) -> Path:
    """Write down few paths that come past everything, each as a case of what happens on it."""
    cases = []
    for place, path in enumerate(cover.cover(search), start=1):
        expect = {"status": path.ended.status, "invariants": "default"}
        last = path.moves[-1].option if path.moves else "nothing"
        name = f"{place} {path.scenario.name} {last}"
        cases.append(export.case(path, name=name, title=_title(path.moves), expect=expect))
    return _write(search, folder, cases, "cover")


def _title(moves: Sequence[Any]) -> str:
    odd = [f"{move.label}: {move.option}" for move in moves if move.faults]
    return "; ".join(odd) or "nothing goes wrong"


def _write(search: Search, folder: Path, cases: Sequence[Mapping[str, Any]], what: str) -> Path:
    workflow = search.subject.workflow.workflow
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{workflow}-{what}.eval.yaml"
    text = writing.suite(f"{workflow}-{what}", workflow, cases, {"unused": "ignore"})
    file.write_text(text, encoding="utf-8")
    return file
