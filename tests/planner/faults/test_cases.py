"""The faults themselves: named once, documented, and served by what else answers well."""

import re
from pathlib import Path

from planner.faults import cases

DOC = Path(__file__).resolve().parents[3] / "docs" / "model.md"
FAULTS = {fault.name: fault for fault in cases.every()}


def test_the_names_of_the_faults_are_their_own():
    assert len(FAULTS) == len(cases.every())
    assert len(FAULTS) >= 140


def test_the_documented_table_is_the_registry():
    written = DOC.read_text(encoding="utf-8").splitlines()
    start = written.index(cases.table()[0])
    assert written[start:] == cases.table()


def test_every_anomaly_is_documented():
    noted = {fault.anomaly for fault in FAULTS.values() if fault.anomaly}
    written = set(re.findall(r"^\| `(\w+)` \| \D", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    assert noted <= written
