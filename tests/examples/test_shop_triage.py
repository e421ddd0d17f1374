import pytest

from examples.shop.triage import Deploy, assess


def deploy(version: str, minutes_ago: int, *, rollback: bool = False) -> Deploy:
    return Deploy(id="d-1", service="web", version=version, minutes_ago=minutes_ago, rollback=rollback)


@pytest.mark.parametrize(
    ("rate", "memory", "severity"),
    [
        (0.001, 40.0, "none"),
        (0.03, 40.0, "low"),
        (0.2, 40.0, "high"),
        (0.001, 95.0, "high"),
        (0.6, 1.0, "critical"),
    ],
)
def test_severity_follows_from_the_figures(rate, memory, severity):
    assert assess(rate, memory, []).severity == severity


def test_a_fresh_deploy_is_suspected_and_names_the_version_before():
    signs = assess(0.3, 50.0, [deploy("2.0.0", 11), deploy("1.9.0", 4000)])
    assert (signs.deploy_suspected, signs.previous_version) == (True, "1.9.0")
    assert signs.summary == "30.0% of requests fail, memory is at 50 %, last deploy 11 minutes ago"


@pytest.mark.parametrize(
    "deploys",
    [
        [],
        [deploy("2.0.0", 11)],
        [deploy("2.0.0", 61), deploy("1.9.0", 4000)],
        [deploy("1.9.0", 0, rollback=True), deploy("2.0.0", 11)],
    ],
)
def test_no_deploy_no_version_before_an_old_one_or_a_rollback_is_not_suspected(deploys):
    assert assess(0.3, 50.0, deploys).deploy_suspected is False
