"""Every fault, alone and in company, must end in its class, in time, and in nothing else."""

import asyncio
import json

import httpx2

from planner.faults import cases, faulty, suite
from planner.faults.suite import Case
from planner.testing import temporary_database

FAULTS = {fault.name: fault for fault in cases.every()}


def played(case):
    (found,) = asyncio.run(suite.play_all([case]))
    return found


def case(*faults, expected, forever=False):
    return Case("made up", "status", faults, forever=forever, expected=expected)


def test_every_case_ends_in_its_class_and_nothing_leaks(capsys):
    assert suite.main([]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    figures = json.loads(last)
    assert figures["faults"] == len(FAULTS)
    assert figures["cases"] == figures["in_class"] == 2 * len(FAULTS) + 10
    assert figures["leaks"] == 0
    assert [line.split()[0] for line in table] == [
        "section",
        *dict.fromkeys(fault.section for fault in FAULTS.values()),
        "sequences",
    ]


def test_a_good_server_is_answered_at_once():
    good = faulty.Fault("good", "status", "ok", faulty.good)
    assert played(case(good, expected=("ok",)))[1:] == ((), ())


def test_a_fault_outside_its_class_is_found():
    found = played(case(FAULTS["http_401"], expected=("unavailable",)))
    assert "its class is 'rejected'" in found.faults
    assert not found.leaks


def test_an_answer_where_there_must_be_none_is_a_leak():
    found = played(case(FAULTS["usage_missing"], expected=("invalid",)))
    assert "false success: it counts as a success" in found.leaks


def test_what_escapes_the_adapter_is_a_leak():
    def broken(_request):
        raise RuntimeError("nobody knows this one")

    async def main(database):
        inner = httpx2.MockTransport(broken)
        return await suite.play(case(FAULTS["http_401"], expected=("rejected",)), inner, database)

    with temporary_database() as database:
        assert asyncio.run(main(database)).leaks == ("RuntimeError",)


def test_a_stranger_that_was_called_is_found():
    async def lead_astray(request, writer):
        host, port = request.elsewhere.removeprefix("http://").split(":")
        _, other = await asyncio.open_connection(host, int(port))
        other.close()
        await faulty.good(request, writer)

    fault = faulty.Fault("x", "status", "ok", lead_astray)
    assert "another host was called" in played(case(fault, expected=("ok",))).faults


def test_what_is_wrong_is_told_by_name():
    found = played(case(FAULTS["http_401"], expected=("unavailable",)))
    assert "made up: its class is 'rejected'" in suite.report([found])
    assert suite.summary([found], seconds=1.234)["seconds"] == 1.23


def test_the_table_of_the_documentation_is_printed(capsys):
    assert suite.main(["--table"]) == 0
    assert capsys.readouterr().out.splitlines() == cases.table()
