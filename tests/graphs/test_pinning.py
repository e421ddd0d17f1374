import pytest

from graphs import pinning
from planner.definition import Workflow

CHILD = Workflow.model_validate({"workflow": "child", "steps": {"ask": {"fail": "no"}}})
MAIN = Workflow.model_validate(
    {
        "workflow": "main",
        "steps": {
            "one": {"set": {"x": 1}},
            "side": {"parallel": {"left": {"two": {"fail": "two"}}}},
            "each": {"foreach": "${input.items}", "steps": {"three": {"fail": "three"}}},
            "nested": {"run": "child"},
        },
    }
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("one", MAIN.steps["one"]),
        ("one~2", MAIN.steps["one"]),
        ("side.left.two", MAIN.steps["side"].parallel["left"]["two"]),
        ("each[12].three", MAIN.steps["each"].steps["three"]),
        ("each~3[0].three", MAIN.steps["each"].steps["three"]),
        ("nested.ask", CHILD.steps["ask"]),
        ("nested", MAIN.steps["nested"]),
        ("nix", None),
        ("one.two", None),
        ("side.nix.two", None),
    ],
)
def test_a_path_leads_to_its_step(path, found):
    assert pinning.step_at(MAIN, {"child": CHILD}, path) == found
