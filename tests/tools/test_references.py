"""References in a service's document."""

import pytest

from tools.references import Broken, References


def test_references_are_followed_to_their_end():
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/c~1d"}, "c/d": {"x": 1}}
    references = References(document)
    found = references.follow(references.root.child("a"))
    assert (found.value, found.path) == ({"x": 1}, "/c~1d")


def test_a_reference_to_nothing_says_where_it_stands():
    references = References({"a": {"$ref": "#/nope"}})
    with pytest.raises(Broken) as caught:
        references.follow(references.root.child("a"))
    assert caught.value.problem.path == "/a"
    assert "#/nope" in caught.value.problem.message


def test_references_in_a_circle_are_a_problem():
    references = References({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}})
    with pytest.raises(Broken, match="circle"):
        references.follow(references.root.child("a"))


def test_files_beside_the_document_are_read(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "order.yaml").write_text("Order: {$ref: 'line.json#/Line'}\n")
    (tmp_path / "parts" / "line.json").write_text('{"Line": {"type": "object"}}')
    references = References({"a": {"$ref": "parts/order.yaml#/Order"}}, folder=tmp_path)
    found = references.follow(references.root.child("a"))
    assert found.value == {"type": "object"}
    assert found.base.endswith("/parts/line.json")


@pytest.mark.parametrize(
    "reference",
    ["../secret.yaml#/a", "/etc/hosts", "http://127.0.0.1:9/a.json", "missing.yaml", "bad.yaml#/a"],
)
def test_nothing_outside_the_folder_is_read(tmp_path, reference):
    folder = tmp_path / "service"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (folder / "bad.yaml").write_text("a: [\n")
    references = References({"a": {"$ref": reference}}, folder=folder)
    with pytest.raises(Broken):
        references.follow(references.root.child("a"))


def test_without_a_folder_no_file_is_read_at_all(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\n")
    references = References({"a": {"$ref": (tmp_path / "a.yaml").as_uri()}})
    with pytest.raises(Broken):
        references.follow(references.root.child("a"))


def test_a_child_that_does_not_exist_is_none():
    root = References({"a": [1]}).root
    assert root.child("a", 0).value == 1
    assert root.child("a", 7).value is None
    assert root.child("x", "y") == (None, "", "/x/y")
