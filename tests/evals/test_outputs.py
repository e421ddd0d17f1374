"""The ending of a file's name tells how results are written to it."""

import json
from pathlib import Path

import pytest

from evals import outputs, report
from evals.jobs import CaseResult
from planner.log.masking import Masking

FACTS = {"suite": "s", "file": "f", "id": "c", "workflow": "w", "engine": "driver", "ms": 1}
DOCUMENT = report.document([report.case(CaseResult(**FACTS, status="failed", reason="why"), Masking())])


def test_several_files_are_written_at_once_each_in_its_form(tmp_path):
    files = [tmp_path / "new" / f"result{ending}" for ending in (".json", ".xml", ".md")]
    outputs.write(files, DOCUMENT)
    assert json.loads(files[0].read_text()) == DOCUMENT
    assert files[1].read_text().startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites')
    assert files[2].read_text() == "**Evals**: 1 cases, 1 failed\n\n### Failed (1)\n\n* `s/c`: `why`\n"
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == sorted(each.name for each in files)


def test_cases_that_asked_for_what_no_script_holds_have_a_section_of_their_own(tmp_path):
    odd = CaseResult(**FACTS, status="unscripted", reason="nobody answers")
    outputs.write([tmp_path / "r.md"], report.document([report.case(odd, Masking())]))
    told = (tmp_path / "r.md").read_text()
    assert told == "**Evals**: 1 cases, 1 unscripted\n\n### Unscripted (1)\n\n* `s/c`: `nobody answers`\n"


@pytest.mark.parametrize("name", ["result.pdf", "result"])
def test_another_ending_is_refused_with_what_there_is(name):
    with pytest.raises(outputs.EndingUnknown, match=r"let its name end with \.json, \.xml"):
        outputs.check([Path(name)])
