"""Cases are played one by one; what breaks in one does not stop the others."""

from evals import playing
from planner.log.masking import Masking

GOOD = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
expect: {status: succeeded}
"""
BAD = "- id: bad-one\n  input: {order: o-1, amount: 5.0}\n  expect: {status: succeeded}\n"


def test_one_broken_case_does_not_stop_the_others(desk):
    told = []
    wanted = desk.jobs(BAD + desk.case(GOOD))
    played = playing.play(wanted, engine="driver", policy=Masking(), told=told.append)
    assert [case["status"] for case in played.cases] == ["unscripted", "passed"]
    assert told == played.cases


def test_processes_give_the_same_in_the_same_order(desk):
    wanted = desk.jobs(BAD + desk.case(GOOD))

    def played(processes):
        found = playing.play(
            wanted, engine="driver", policy=Masking(), told=lambda _case: None, processes=processes
        )
        return [(case["id"], case["status"], case["reason"], case["path"]) for case in found.cases]

    assert played(2) == played(1)
