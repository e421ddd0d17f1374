"""The process of a case ends where the case has it, and the run is taken up from its journal."""

import pytest

from evals import stage

PAY = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
  bank.find: {return: {items: [{id: c-1, amount: 5.0}]}}
"""


@pytest.mark.parametrize("engine", sorted(stage.ENGINES))
def test_a_charge_whose_outcome_a_crash_lost_is_looked_up_and_not_repeated(desk, engine):
    case = desk.case(
        PAY.replace("model: {how: card}", "model: {how: card, charge: reconcile}")
        + "crashes: [{entry: outcome, step: charge}]\n"
        "expect:\n"
        "  status: succeeded\n"
        "  calls: {bank.charge: {exactly: 1, applied: 1}, bank.find: 1}\n"
        "  invariants: default"
    )

    assert desk.run(case, engine=engine).reason == ""
