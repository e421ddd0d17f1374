"""The page of results, looked at in a real browser: everything is there without a script or a request."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evals import baseline, page, playing, provenance, report, taken
from planner.clock import SystemClock
from planner.log.masking import Masking

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ANSWERS = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
"""


@pytest.fixture
def document(desk):
    passing = desk.case(f"{ANSWERS}\nexpect: {{status: succeeded}}")
    failing = passing.replace("one-case", "other-case").replace("status: succeeded", "error: '<b>bad</b>'")
    jobs = desk.jobs(passing + failing)
    played = playing.play(jobs, engine="driver", policy=Masking(), told=lambda _case: None)
    jobs = [
        job._replace(loaded=job.loaded._replace(file=str(desk.where / "small.eval.yaml"))) for job in jobs
    ]
    origin = provenance.provenance(jobs, engine="driver", name="e-1", at=SystemClock().now())
    return json.loads(report.text(report.document(played.cases, origin=origin)))


def test_the_page_asks_for_nothing_and_runs_nothing(document):
    text = page.text(document)
    assert not re.search(r"<script|<link|<img|src=|@import|url\((?!#)", text)
    assert "&lt;b&gt;bad&lt;/b&gt;" in text
    assert "<b>bad</b>" not in text


def test_a_case_that_lacks_an_answer_is_marked_apart_from_one_that_failed(desk):
    lacking = report.case(desk.pay("expect: {status: succeeded}"), Masking())
    text = page.text(report.document([lacking]))
    assert '<details class="case case-unscripted" open><summary>' in text
    assert '<span class="badge is-unscripted">? unscripted</span>' in text
    assert "<b>0</b> ✗ failed" in text
    assert "<b>1</b> ? unscripted" in text


def test_results_from_before_a_status_was_told_make_a_page(document):
    totals = {name: count for name, count in document["totals"].items() if name != "unscripted"}
    assert "<b>0</b> ? unscripted" in page.text({**document, "totals": totals})


def test_the_page_tells_what_changed_against_a_baseline(document):
    base = baseline.of_results(document)
    assert "Nothing changed" not in page.text(document)
    text = page.text(document, base)
    assert "Changes against the baseline" in text
    assert "still failing" in text


def test_coverage_counts_what_the_cases_took(document):
    found = taken.taken([document])
    assert [(each.name, each.cases) for each in found] == [("pay", 2)]
    covered = found[0].coverage
    assert (covered.steps.covered, covered.steps.missing) == (4, ("clerk",))
    assert covered.options.missing == ("clerk: card", "clerk: later", "how: ask", "how: later")
    assert covered.edges.missing
    assert "call bank.charge: timeout, applied" in covered.outcomes.missing
    assert "call bank.charge: ok" not in covered.outcomes.missing
    drawn = {node.id: node.state for node in found[0].drawing.nodes}
    assert (drawn["charge"], drawn["clerk"]) == ("done", "untouched")


def test_a_browser_shows_cases_decisions_timeline_and_graph(document, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None and not os.environ.get("CI"):  # noqa: TID251 - CI says so itself
        pytest.skip("Chromium is not installed")
    file = tmp_path / "report.html"
    file.write_text(page.text(document), encoding="utf-8")
    seen = browsed(chromium, tmp_path, "--dump-dom", file.as_uri())
    for told in (
        "✗ failed",
        "Decision at how: card",
        "Timeline (virtual time)",
        "not covered",
        "in 2 of 2 cases",
    ):
        assert told in seen
    shot = tmp_path / "shot.png"
    browsed(chromium, tmp_path, f"--screenshot={shot}", file.as_uri())
    assert shot.read_bytes().startswith(b"\x89PNG")


def browsed(chromium, folder: Path, *words):
    profile = folder / "profile"
    ran = subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={profile}", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return ran.stdout
