"""Every verb is listed as it speaks of itself, and pays only for what it needs."""

import subprocess
import sys

import pytest

from evals.verbs import VERBS, Verb

HEAVY = ("langgraph", "openai", "sqlalchemy")


def left_by(code):
    """Return which of the heavy packages a process has imported in the end."""
    told = f"import sys\n{code}\nprint(*(each for each in {HEAVY!r} if each in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return ran.stdout.split()


@pytest.mark.parametrize("listed", VERBS, ids=lambda each: each.name)
def test_a_verb_is_listed_with_the_words_that_it_has_for_itself(listed):
    assert Verb(listed).real().help == listed.about


def test_the_list_of_verbs_imports_none_of_them():
    assert left_by("import evals.cli, evals.verbs") == []


def test_exploring_needs_neither_the_engine_of_production_nor_a_model_nor_a_database():
    assert left_by("import evals.explore.cli") == []


def test_cases_are_looked_for_before_what_plays_them_is_imported():
    assert left_by("import evals.running") == []


def test_playing_cases_needs_no_database():
    assert left_by("import evals.playing") == ["langgraph", "openai"]
