"""Tests of credentials that stand in a definition."""

import pytest

from tests.planner.validation.conftest import TEXT, closed, operation
from tools.catalog import Catalog

KEY = "sk-" + "a1B2" * 6


@pytest.fixture
def catalog():
    secret = {"type": "string", "writeOnly": True}
    opened = operation("vault.open", closed(("code",), code=secret, name=TEXT), closed(id=TEXT))
    return Catalog({"vault.open": opened}, {})


def found(check, steps):
    return [p.path for p in check(steps) if p.code == "written-secret"]


def test_a_text_that_looks_like_a_key_is_told_wherever_it_stands(check):
    assert found(check, f"a: {{call: vault.open, with: {{name: {KEY}}}}}") == ["/steps/a/with/name"]
    assert found(check, f"a: {{set: {{x: [1, 'use {KEY}']}}}}") == ["/steps/a/set/x/1"]
    assert found(check, f"a: {{fail: No {KEY}}}") == ["/steps/a/fail"]


def test_a_secret_argument_that_is_written_out_is_told_once(check):
    assert found(check, "a: {call: vault.open, with: {name: n, code: hunter2}}") == ["/steps/a/with/code"]
    assert found(check, f"a: {{call: vault.open, with: {{name: n, code: {KEY}}}}}") == ["/steps/a/with/code"]


def test_words_about_secrets_and_read_ones_are_right(check):
    assert found(check, "a: {fail: 'The basic information about the password is missing.'}") == []
    assert found(check, 'a: {call: vault.open, with: {name: n, code: "${run.id}"}}') == []
