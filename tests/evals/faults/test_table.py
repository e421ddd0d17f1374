"""The table has a row for every place and a cell for every fault, and tells why one is not reached."""

from evals.faults import table
from evals.faults.classes import SERVICE_CLASSES


def test_every_place_meets_every_fault_and_what_is_not_reached_says_why(subject):
    found = table.cover(subject, point="bank.look")

    names = {row.name: row for row in found.rows}
    assert set(names) == {"held (bank.look)", "inner.never (bank.look)"}
    assert [cell.fault for cell in names["held (bank.look)"].cells] == [each.name for each in SERVICE_CLASSES]
    assert names["held (bank.look)"].count("passed") == len(SERVICE_CLASSES)
    assert table.totals([found]) == {"passed": 14, "failed": 0, "not_reached": 14}


def test_people_read_counts_by_class_and_every_other_cell_once(subject):
    lines = list(table.lines(table.cover(subject, point="bank.look")))

    assert lines[0] == "around"
    assert "held (bank.look)" in lines[1]
    assert "not_sent 3" in lines[1]
    assert lines[-1].startswith("  not reached: inner.never (bank.look): every fault: no path comes to it")
