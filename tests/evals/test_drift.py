"""What is different from what a case was recorded from is told, whether the case passes or not."""

import pytest

from evals import drift
from evals.drift import Recorded
from planner.definition import Workflow


def workflow(version="1.0.0", **steps):
    return Workflow.model_validate(
        {"workflow": "pay", "version": version, "steps": steps or {"a": {"set": {}}}}
    )


def made(**changed):
    options = [
        {"id": name, "means": f"{name} it", "available": name != "wait"} for name in ("go", "stop", "wait")
    ]
    model = {"prompt": "choose/1", "prompt_sha256": "a" * 64}
    return {"path": "how", "question": "How?", "options": options, "model": model, **changed}


FLOWS = (workflow(),)


def recorded(*decisions, flows=FLOWS):
    points = {point: tuple(map(drift.asked, told)) for point, told in drift.by_point(decisions).items()}
    return Recorded(run="r-1", catalog="c" * 64, workflows=drift.definitions(flows), decisions=points)


def told(*decisions, flows=FLOWS, catalog="c" * 64, before=None):
    return drift.drift(before or recorded(made()), flows, catalog, decisions)


def test_nothing_is_told_where_all_is_as_it_was():
    assert told(made()) == ()


def test_another_definition_is_told_by_both_versions():
    then, now = workflow(), workflow("1.1.0", b={"set": {}})
    assert told(made(), flows=(now,)) == (
        f"workflow pay is 1.1.0 ({now.sha256[:12]}), recorded was 1.0.0 ({then.sha256[:12]})",
    )


def test_a_workflow_that_comes_or_goes_is_told():
    assert told(made(), flows=()) == ("workflow pay is not run any more",)
    assert told(made(), before=recorded(made(), flows=())) == (
        "workflow pay was not run when it was recorded",
    )


def test_another_catalogue_is_told():
    assert told(made(), catalog="d" * 64) == (f"the catalogue is {'d' * 12}, recorded was {'c' * 12}",)


@pytest.mark.parametrize(
    "changed",
    [
        {"question": "How now?"},
        {"options": [{"id": "go", "means": "Run.", "available": True}, *made()["options"][1:]]},
    ],
)
def test_other_words_are_told(changed):
    assert told(made(**changed)) == (
        "how: the question or the words of its options are others than recorded",
    )


def test_other_options_are_told_by_their_ids():
    options = [{**each, "available": each["id"] != "stop"} for each in made()["options"]]
    assert told(made(options=options)) == ("how: offered are go, wait, recorded were go, stop",)
    (_, order) = told(made(options=made()["options"][::-1]))
    assert order == "how: offered are stop, go, recorded were go, stop (the order)"


def test_another_prompt_is_told():
    other = {"prompt": "choose/2", "prompt_sha256": "b" * 64}
    assert told(made(model=other)) == (
        f"how: the prompt is choose/2 ({'b' * 12}), recorded was choose/1 ({'a' * 12})",
    )


def test_of_several_decisions_the_number_is_told():
    before = recorded(made(), made())
    assert told(made(), made(question="?"), before=before) == (
        "how (2 of 2): the question or the words of its options are others than recorded",
    )
