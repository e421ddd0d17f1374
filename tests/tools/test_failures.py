import pytest

from tools.failures import CLASSES, Failure, InDoubt, NotSent, Rejected


@pytest.mark.parametrize(
    ("kind", "told"), [(Rejected, "rejected"), (NotSent, "not_sent"), (InDoubt, "unknown")]
)
def test_each_failure_says_its_class(kind, told):
    failure = kind("no stock", code="stock", status=404, retry_after=2)
    assert isinstance(failure, Failure)
    assert failure.planner_outcome == told
    assert told in CLASSES
    assert (str(failure), failure.code, failure.status, failure.retry_after) == ("no stock", "stock", 404, 2)
