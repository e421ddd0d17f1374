from tools.announcements import Announcement, joined

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def data(*schemas):
    return joined(Announcement(type="a", data=schema) for schema in schemas)["a"].data


def test_events_are_found_by_their_type():
    assert list(joined([Announcement(type="a"), Announcement(type="b")])) == ["a", "b"]


def test_one_type_with_different_data_may_have_either():
    assert data(TEXT, TEXT) == TEXT
    assert data(TEXT, NUMBER, {"type": "null"}) == {"anyOf": [TEXT, NUMBER, {"type": "null"}]}


def test_where_a_document_tells_nothing_of_the_data_nothing_is_known():
    assert data(TEXT, None) is None
    assert data(None, TEXT) is None


def test_definitions_of_two_documents_are_not_mixed():
    assert data({"$ref": "#/$defs/A", "$defs": {"A": TEXT}}, NUMBER) is None
