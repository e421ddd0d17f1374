"""The one place where others take schemas from."""

from tools import lookups, schemas, subtypes, validators


def test_schemas_hands_on_what_its_modules_offer():
    assert schemas.problems is validators.problems
    assert schemas.valid is validators.valid
    assert schemas.at is lookups.at
    assert schemas.accepts is subtypes.accepts
    assert schemas.together is lookups.together
