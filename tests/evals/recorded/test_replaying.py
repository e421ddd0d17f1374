"""Runs of production are driven through what is there now; where they diverge first is told."""

import re
import shutil

import pytest

from evals import jobs, load, project
from evals.recorded import replaying
from examples.shop.demo import PROJECT
from planner.clock import new_id
from planner.log.masking import Masking

JOBS = {job.name: job for job in jobs.listed(load.load(load.find([PROJECT / "evals"])))}
REFUND = JOBS["late-order/a-lost-answer-is-looked-up-and-paid-once"]
ORDER = JOBS["checkout/an-order-goes-all-the-way"]
LARGE = JOBS["checkout/a-large-order-that-nobody-reviews-is-not-placed"]


@pytest.fixture
def changed(tmp_path):
    """Return a copy of the shop in which a text of a workflow is another."""

    def change(name, before, after):
        home = tmp_path / "changed"
        shutil.copytree(PROJECT, home, ignore=shutil.ignore_patterns("*.py", "evals", "__pycache__"))
        file = home / "workflows" / f"{name}.yaml"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after, 1))
        return project.load(home)

    return change


def replayed(production, run_id, known):
    return replaying.replay(production.database, run_id, known, Masking())


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_a_run_of_the_shop_is_the_same_in_the_shop(job, production):
    run_id = production.run(job)
    found = replayed(production, run_id, job.loaded.project)
    assert (found.status, str(found)) == ("same", f"same     {job.loaded.suite.workflow} {run_id}")


def test_other_arguments_diverge_at_the_call(production, changed):
    run_id = production.run(ORDER)
    found = replayed(
        production, run_id, changed("checkout", 'amount: "${order.total}"', 'amount: "${order.total + 1.0}"')
    )
    assert (found.status, found.divergence.entry, found.divergence.step) == (
        "diverged",
        "intention",
        "charge",
    )
    assert str(found.divergence) == "intention at charge: /arguments/amount was 38.2, and is 39.2"
    assert re.match(r"workflow checkout is 1\.0\.0 \(\w{12}\), recorded was", found.drift[0])


def test_a_further_step_diverges_where_it_first_shows(production, changed):
    run_id = production.run(ORDER)
    pause = "  shipment:\n    call"
    found = replayed(production, run_id, changed("checkout", pause, f"  pause: {{wait: PT1S}}\n\n{pause}"))
    assert str(found.divergence) == "timer at pause comes about now, and is not recorded"


def test_a_step_that_is_gone_diverges_there(production, changed):
    run_id = production.run(ORDER)
    ids = '{order_id: "${order.id}", payment_id: "${charge.id}", shipment_id: "${shipment.id}"}'
    gone = f"  confirm:\n    call: orders.confirmOrder\n    with: {ids}\n"
    found = replayed(production, run_id, changed("checkout", gone, ""))
    assert (found.divergence.step, found.divergence.is_recorded, found.divergence.is_now) == (
        "confirm",
        True,
        False,
    )


def test_another_guard_diverges_at_the_decision_and_names_the_options(production, changed):
    run_id = production.run(REFUND)
    found = replayed(production, run_id, changed("late-order", "order.total <= 200.0", "order.total <= 20.0"))
    assert str(found.divergence) == 'decision at resolve: /choice was "refund", and is "person"'
    assert "resolve: offered are reship, person, recorded were refund, reship, person" in found.drift


def test_another_question_is_drift_and_no_divergence(production, changed):
    run_id = production.run(REFUND)
    found = replayed(production, run_id, changed("late-order", "made whole?", "helped?"))
    assert found.status == "same"
    assert "resolve: the question or the words of its options are others than recorded" in found.drift


def test_a_run_that_waits_is_pending_and_diverges_where_it_did_before(production, changed):
    run_id = production.run(LARGE, stops_after=60)
    assert production.get(run_id).status == "waiting"
    assert replayed(production, run_id, LARGE.loaded.project).status == "pending"
    found = replayed(production, run_id, changed("checkout", "order.total > 500.0", "order.total > 5000.0"))
    assert (found.status, found.divergence.entry, found.divergence.step) == ("diverged", "asked", "review")


def test_nothing_is_written(production):
    run_id = production.run(REFUND)
    before = production.dump()
    replayed(production, run_id, REFUND.loaded.project)
    assert production.dump() == before


def test_what_is_not_there_is_refused(production, small):
    unknown = new_id()
    assert "there is no run" in replayed(production, unknown, ORDER.loaded.project).why
    run_id = production.run(ORDER)
    found = replayed(production, run_id, small)
    assert (found.status, "knows no service" in found.why) == ("refused", True)
    shop = ORDER.loaded.project
    empty = project.Project(shop.folder, shop.catalog, {})
    assert "holds no workflow 'checkout'" in replayed(production, run_id, empty).why
