from planner.faults import decisions


def test_every_fault_of_a_decisions_endpoint_is_asked_of_one():
    faults = decisions.every("excluded")
    assert {fault.backend for fault in faults} == {"decisions", "auto"}
    assert {fault.section for fault in faults} == {"decisions"}
    assert len({fault.name for fault in faults}) == len(faults) >= 40
