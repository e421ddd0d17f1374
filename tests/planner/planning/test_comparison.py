from planner.planning import comparison
from planner.planning.comparison import Differing
from planner.planning.plans import Finding, Simulation
from planner.planning.policy import Policy


def told(found, part):
    return [(each.name, each.before, each.after) for each in found.differing if each.part == part]


def test_the_same_for_another_goal_in_words_differs_in_nothing(weigh):
    earlier, _ = weigh("payments.refund")
    later, _ = weigh("payments.refund", plan_id="p-2", goal="Again.")

    found = comparison.compare(later, earlier, Policy())

    assert (found.plan, found.earlier, found.is_same) == ("p-2", "p-1", True)


def test_another_call_is_told_with_what_it_changes_its_contract_and_the_lines_of_the_definition(weigh):
    earlier, _ = weigh("payments.refund")
    later, _ = weigh("payments.refund", "notifications.send", plan_id="p-2")

    found = comparison.compare(later, earlier, Policy())

    assert told(found, "call") == [("notifications.send", None, "once")]
    assert told(found, "change") == [("notifications.send", None, "keyed, at most once; not taken back")]
    assert [name for name, before, _ in told(found, "contract") if before is None] == ["notifications.send"]
    assert {name for name, _, _ in told(found, "input")} >= {"template", "subject"}
    assert any(line.startswith("+") and "notifications.send" in line for line in found.lines)
    assert not any("workflow:" in line or "goal:" in line for line in found.lines)


def test_what_is_gone_has_no_after(weigh):
    earlier, _ = weigh("payments.refund", "notifications.send")
    later, _ = weigh("payments.refund", plan_id="p-2")
    found = comparison.compare(later, earlier, Policy())
    assert told(found, "call") == [("notifications.send", "once", None)]


def test_a_changed_contract_is_told_though_the_definition_is_the_same(weigh, shop):
    earlier, _ = weigh("payments.refund")
    refund = shop.operations["payments.refund"].model_copy(update={"effect": "irreversible"})
    other = type(shop)({**shop.operations, "payments.refund": refund}, shop.services)
    later, _ = weigh("payments.refund", plan_id="p-2", found=other)

    found = comparison.compare(later, earlier, Policy())

    assert [name for name, _, _ in told(found, "contract")] == ["payments.refund"]
    assert told(found, "change") == [
        (
            "payments.refund",
            "write, at most once; not taken back",
            "irreversible, at most once; not taken back",
        )
    ]
    assert found.lines == ()


def test_findings_and_worst_cases_that_came_or_went_are_told(weigh):
    bad = Finding(invariant="ends", message="It does not end.", faults=1, story=())
    earlier, _ = weigh(
        "shipment", simulation=Simulation(status="COMPLETE", worst={"calls": 2, "seconds": 0.1 + 0.2})
    )
    later, _ = weigh(
        "shipment",
        simulation=Simulation(
            status="COMPLETE", findings=(bad,), worst={"calls": 3, "seconds": 0.3, "operations": {"a": 1}}
        ),
    )

    found = comparison.compare(later, earlier, Policy())

    assert told(found, "finding") == [("ends: It does not end.", None, "found with faults: 1")]
    assert told(found, "worst") == [("calls", "2", "3")]


def test_another_policy_is_told(weigh):
    earlier, _ = weigh("shipment")
    later, _ = weigh("shipment", plan_id="p-2", rules=Policy(changes=True))
    found = comparison.compare(later, earlier, Policy(changes=True))
    assert found.differing == (
        Differing(part="policy", name="policy", before="another", after="that of today"),
    )


def test_beside_nothing_all_is_new(weigh):
    plan, _ = weigh("payments.refund")
    found = comparison.compare(plan, None, Policy())
    assert found.earlier is None
    assert all(each.before is None for each in found.differing)
    assert all(line.startswith("+") for line in found.lines[3:])
