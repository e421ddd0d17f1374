"""The catalogue's file."""

from pathlib import Path

import pytest

from tools import catalog_file
from tools.access import ApiKey, Basic, Bearer
from tools.errors import DocumentInvalid


def read(folder: Path, text: str):
    path = folder / "catalog.yaml"
    path.write_text(text)
    problems = []
    return catalog_file.read(path, problems), problems


def test_an_empty_file_is_an_empty_catalogue(tmp_path):
    (sheet,), problems = read(tmp_path, "")
    assert (sheet.content.services, problems) == ({}, [])


def test_durations_and_defaults_are_read(tmp_path):
    (sheet,), problems = read(
        tmp_path,
        "services: {a: {python: {f: 'm:f'}, breaker: {open_for: PT5S}, operations: {f: {timeout: PT0.5S}}}}",
    )
    entry = sheet.content.services["a"]
    assert problems == []
    assert entry.breaker.open_for.total_seconds() == 5
    assert entry.operations["f"].timeout.total_seconds() == 0.5
    assert entry.max_concurrency == 20


@pytest.mark.parametrize(
    ("text", "auth"),
    [
        ("{bearer: {secret: A}}", Bearer(secret="A")),
        ("{api_key: {header: X-Key, secret: A}}", ApiKey(header="X-Key", secret="A")),
        ("{basic: {user: u, secret: A}}", Basic(user="u", secret="A")),
    ],
)
def test_each_way_to_identify_is_one_key(tmp_path, text, auth):
    (sheet,), _ = read(tmp_path, f"services: {{a: {{auth: {text}}}}}")
    assert sheet.content.services["a"].auth.record() == auth


@pytest.mark.parametrize(
    ("line", "path", "code", "said"),
    [
        ("  a: {operatons: {}}", "/services/a/operatons", "unknown-field", "'operations'"),
        ("  a: {max_concurrency: 0}", "/services/a/max_concurrency", "out-of-range", "at least 1"),
        ("  a: {max_concurrency: many}", "/services/a/max_concurrency", "wrong-type", "a whole number"),
        (
            "  a: {operations: {f: {timeout: 2 s}}}",
            "/services/a/operations/f/timeout",
            "wrong-pattern",
            "PT2S",
        ),
        ("  a: {operations: {f: {timeout: 2}}}", "/services/a/operations/f/timeout", "wrong-type", "PT2S"),
        (
            "  a: {operations: {f: {effect: writes}}}",
            "/services/a/operations/f/effect",
            "not-allowed",
            "'write'",
        ),
        (
            "  a: {operations: {f: {undo: {}}}}",
            "/services/a/operations/f/undo/call",
            "missing-field",
            "'call'",
        ),
        ("  a: {auth: {bearer: {}}}", "/services/a/auth/bearer/secret", "missing-field", "'secret'"),
        ("  a: {auth: {}}", "/services/a/auth", "no-match", "exactly one"),
        ("  a.b: {}", "/services/a.b", "wrong-name", "letters"),
        ("  a: {python: {f-g: 'm:f'}}", "/services/a/python/f-g", "wrong-name", "letters"),
    ],
)
def test_each_mistake_is_one_problem_with_its_line(tmp_path, line, path, code, said):
    sheets, problems = read(tmp_path, f"services:\n{line}\n")
    assert sheets == []
    (found,) = problems
    assert (found.path, found.code, found.line) == (path, code, 2)
    assert said in f"{found.message} {found.remedy}"


def test_all_mistakes_are_reported_at_once(tmp_path):
    _, problems = read(tmp_path, "services:\n  a: {auth: {}, tmeout: 1}\n  b.c: {}\n")
    assert {found.path for found in problems} == {"/services/a/auth", "/services/a/tmeout", "/services/b.c"}


def test_included_files_are_read_once_also_in_a_circle(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "more.yaml").write_text("include: [../catalog.yaml]\nservices: {b: {}}\n")
    sheets, problems = read(tmp_path, "include: [parts/more.yaml, parts/more.yaml]\nservices: {a: {}}\n")
    assert [list(sheet.content.services) for sheet in sheets] == [["a"], ["b"]]
    assert problems == []


def test_an_included_file_that_does_not_exist_is_a_problem_of_its_line(tmp_path):
    _, (found,) = read(tmp_path, "include:\n  - nope.yaml\n")
    assert (found.path, found.code, found.line) == ("/include/0", "unknown-file", 2)


def test_a_broken_file_gives_its_problems(tmp_path):
    sheets, problems = read(tmp_path, "services:\n  a: {}\n  a: {}\n")
    assert sheets == []
    assert [found.code for found in problems] == ["duplicate-key"]


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(DocumentInvalid, match="No such file"):
        catalog_file.document(tmp_path / "no.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(DocumentInvalid, match="UTF-8"):
        catalog_file.document(tmp_path / "latin.yaml")
