"""The verbs that hold results against what was accepted, and accept them: nothing is run."""

from pathlib import Path
from typing import Annotated

import typer

from evals import baseline, comparing, options, report, terminal
from evals.baseline import BaselineInvalid
from evals.comparing import FailOn
from evals.figures import Metric
from evals.options import JsonOption

EXITS = options.EXITS


def compare(
    base: Annotated[Path, typer.Argument(help="Baseline, or results of `eval run --json`")],
    head: Annotated[Path, typer.Argument(help="What it is compared with")],
    *,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="What it must not show; cases tagged critical never break")
    ] = "regression",
    metric: Annotated[
        Metric, typer.Option("--metric", help="The primary one, told before looking")
    ] = "passed",
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=0, metavar="X", help="Fail unless it is shown to be worse by at most X"),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For the comment of a pull request")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between two results, case by case, and fail where it must not."""
    with terminal.refusing(as_json=as_json):
        found = comparing.compare(baseline.read(base), baseline.read(head), by=metric)
    why = found.failures(fail_on, margin)
    if as_json:
        told = {"fail_on": fail_on, "margin": margin, "failures": why}
        terminal.say(report.text({**found.model_dump(mode="json"), **told}))
    else:
        terminal.say(comparing.markdown(found) if markdown else comparing.text(found))
        if why:
            terminal.complain(f"fails on {fail_on}: {', '.join(why)}")
    raise typer.Exit(report.FAILED if why else report.PASSED)


def accept(
    results: Annotated[Path, typer.Argument(help="Results of `eval run --json`")],
    *,
    to: Annotated[Path, typer.Option("--to", help="The baseline's file")] = Path("evals/baseline.json"),
    as_json: JsonOption = False,
) -> None:
    """Write results down as what is accepted; commit the file."""
    try:
        found = baseline.read(results)
    except BaselineInvalid as exc:
        raise terminal.refused(exc, as_json=as_json) from exc
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(baseline.text(found), encoding="utf-8")
    bad = [name for name, kept in found.cases.items() if not kept.is_good]
    if as_json:
        terminal.say(report.text({"file": str(to), "cases": len(found.cases), "failing": sorted(bad)}))
        return
    terminal.say(f"{len(found.cases)} cases are accepted in {to}.")
    if bad:
        terminal.complain(
            f"{len(bad)} of them fail, and count as known from now on: {', '.join(sorted(bad))}"
        )
