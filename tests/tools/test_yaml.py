"""Reading documents: values, places, and one clear problem per mistake."""

from pathlib import Path

import pytest

from tools import yaml
from tools.errors import DocumentInvalid
from tools.problems import Problem

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"


def problems(text: str, **options) -> tuple[Problem, ...]:
    with pytest.raises(DocumentInvalid) as caught:
        yaml.load(text, file="order.yaml", **options)
    return caught.value.problems


def test_words_of_old_yaml_stay_texts():
    data = yaml.load("a: on\nb: yes\nc: no\nd: 2024-01-31\ne: 12:30\nf: 0o17").data
    assert data == {"a": "on", "b": "yes", "c": "no", "d": "2024-01-31", "e": "12:30", "f": 15}


def test_plain_values_have_their_json_types():
    data = yaml.load("[true, False, null, ~, 1, -2, 1.5, 1e3, 0x1F, 'true', \"1\"]").data
    assert data == [True, False, None, None, 1, -2, 1.5, 1000.0, 31, "true", "1"]


def test_keys_are_always_texts():
    assert yaml.load("200: a\ntrue: b\n1.5: c\n").data == {"200": "a", "true": "b", "1.5": "c"}


def test_an_empty_document_is_null():
    assert yaml.load("# nothing\n").data is None


def test_a_value_is_found_at_the_place_of_its_key():
    found = yaml.load("steps:\n  pay: {amount: 3}\n")
    assert found.position("/steps/pay") == (2, 3)
    assert found.position("/steps/pay/amount") == (2, 9)


def test_an_item_of_a_list_is_found_where_it_starts():
    assert yaml.load("a:\n  - x\n  - y: 1\n").position("/a/1") == (3, 5)


def test_a_place_that_does_not_exist_falls_back_to_what_is_around_it():
    found = yaml.load("steps:\n  pay: {amount: 3}\n")
    assert found.position("/steps/pay/currency") == (2, 3)
    assert found.position("/other") == (1, 1)


def test_pointers_escape_slashes_and_tildes():
    assert yaml.load("a: 1\n'x/~y': 2\n").position("/x~1~0y") == (2, 1)


def test_json_is_read_with_places_even_when_it_is_indented_by_tabs():
    found = yaml.load('{\n\t"a": {\n\t\t"b": [1, 2]\n\t}\n}')
    assert found.data == {"a": {"b": [1, 2]}}
    assert found.position("/a/b/1") == (3, 12)


def test_json_escapes_of_paired_surrogates_are_read():
    assert yaml.load('{"a": "\\ud83d\\ude00"}').data == {"a": "\U0001f600"}


def test_a_byte_order_mark_is_no_part_of_the_document():
    assert yaml.load("\ufeffa: 1").data == {"a": 1}
    assert yaml.load('\ufeff{"a": 1}').data == {"a": 1}


def test_a_duplicate_key_is_a_problem_that_names_both_lines():
    (found,) = problems("a: 1\nb: 2\na: 3\n")
    assert (found.code, found.path, found.line, found.column) == ("duplicate-key", "/a", 3, 1)
    assert "line 1" in found.message
    assert str(found).startswith("order.yaml:3:1: /a: [duplicate-key]")


def test_every_duplicate_key_is_reported_at_once():
    assert [found.path for found in problems("a: 1\na: 2\nb: {c: 1, c: 2}\n")] == ["/a", "/b/c"]


def test_a_duplicate_key_in_json_has_its_line():
    (found,) = problems('{"a": 1,\n\t"a": 2}')
    assert (found.code, found.line, found.column) == ("duplicate-key", 2, 2)


def test_malformed_yaml_has_one_problem_with_its_place_and_a_remedy():
    (found,) = problems("steps:\n  pay: {id: ${input.id}}\n")
    assert (found.code, found.line) == ("malformed", 2)
    assert "quotes" in found.remedy


def test_a_tab_in_the_indentation_is_named():
    (found,) = problems("a:\n\t- b\n")
    assert found.line == 2
    assert "tabs" in found.remedy


def test_text_that_is_no_text_is_a_problem():
    assert problems("a: \x00")[0].code == "malformed"
    assert problems("a: \ud800")[0].code == "malformed"


def test_a_second_document_is_refused():
    assert problems("a: 1\n---\nb: 2\n")[0].code == "several-documents"


def test_a_key_that_is_a_list_is_refused():
    assert problems("? [a]\n: 1\n")[0].code == "key-not-text"


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan", "1e999", "9" * 30, "9" * 5000])
def test_a_number_that_json_cannot_hold_is_refused(value):
    (found,) = problems(f"a: {value}\n")
    assert (found.code, found.path) == ("no-json", "/a")


def test_json_with_an_endless_number_is_refused():
    assert problems('{"a": NaN, "b": [}')[0].line == 1


def test_a_tag_of_another_language_is_never_followed():
    (found,) = problems("a: !!python/object/apply:os.getcwd []\n")
    assert found.code == "unknown-tag"


def test_tags_of_json_types_are_checked():
    assert yaml.load("a: !!str 5\nb: !!float 3\nc: !!int 4").data == {"a": "5", "b": 3.0, "c": 4}
    assert problems("a: !!int x\n")[0].code == "wrong-tag"
    assert problems("a: !!bool 1\n")[0].code == "wrong-tag"


def test_aliases_stand_for_their_values():
    data = yaml.load("a: &retry {attempts: 3}\nb: *retry\nc: &n 5\nd: *n\n").data
    assert data == {"a": {"attempts": 3}, "b": {"attempts": 3}, "c": 5, "d": 5}


def test_an_alias_into_itself_is_refused():
    assert problems("a: &a [*a]\n")[0].code == "unknown-alias"


def test_aliases_that_swell_are_stopped_before_they_cost_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (found,) = problems("\n".join(lines))
    assert (found.code, found.line) == ("too-many-values", 6)


def test_deep_nesting_is_stopped():
    assert problems("[" * 5000)[0].code == "too-deep"
    assert problems('{"a":' * 150 + "1" + "}" * 150)[0].code == "too-deep"
    assert yaml.load("[" * 100 + "]" * 100).data is not None


def test_a_document_over_the_limit_is_refused_by_its_length():
    (found,) = problems("a: " + "x" * 100, limits=yaml.Limits(characters=50))
    assert found.code == "document-too-large"
    assert "50" in found.remedy


def test_a_problem_gets_file_line_and_column():
    document = yaml.load("a:\n  b: 1\n", file="x.yaml")
    found = document.locate(Problem(path="/a/b", code="c", message="m"))
    assert (found.file, found.line, found.column) == ("x.yaml", 2, 3)


@pytest.mark.real
def test_real_documents_are_read_with_places():
    if not REAL.is_dir():
        pytest.skip("the real documents are not here")
    for path in sorted(REAL.glob("sock-shop/*.json")):
        found = yaml.load(path.read_text(encoding="utf-8"), file=path.name)
        assert found.data["swagger"] == "2.0"
        assert found.position("/paths").line > 10


def test_a_document_without_places_has_no_positions():
    assert yaml.Document({}, file=None).position("/a") is None


def test_json_that_yaml_reads_differently_keeps_the_places_before_it():
    found = yaml.load('{"a": 1,\n "b": "\\ud800"}')
    assert found.data["b"] == "\ud800"
    assert found.position("/a") == (1, 2)


def test_a_json_number_beyond_64_bits_is_refused():
    assert problems('{"a": 99999999999999999999999}')[0].code == "no-json"
