import pytest
from pydantic import TypeAdapter, ValidationError

from planner.runs import Run
from planner.tenants import DEFAULT, CallerSettings, TenantName

KEY = "sixteen-or-more-characters"
NAME = TypeAdapter(TenantName)


@pytest.mark.parametrize("name", ["acme", "a", "acme-eu.2", "0190f_x", "a" * 63])
def test_a_tenant_bears_a_plain_name(name):
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "Acme", "-acme", "a b", "a/b", "a:b", "ä", "a" * 64, "a\n"])
def test_a_name_that_could_be_mistaken_is_none(name):
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


def test_who_names_no_tenant_has_the_default_one():
    assert Run.model_fields["tenant"].default == DEFAULT == NAME.validate_python("default")


def test_a_caller_of_whom_nothing_is_told_has_every_tenant_and_every_group():
    caller = CallerSettings(key=KEY)

    assert (caller.tenant, caller.groups) == (None, None)


@pytest.mark.parametrize(
    "fields", [{"key": "short"}, {"key": KEY, "tenant": "A"}, {"key": KEY, "role": "x"}, {}]
)
def test_a_caller_that_is_not_well_told_is_refused(fields):
    with pytest.raises(ValidationError):
        CallerSettings(**fields)
