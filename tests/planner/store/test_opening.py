"""Tests of opening a database to look at it."""

from pathlib import Path

import pytest

from planner.store import opening


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/planner.db", Path("var/planner.db")),
        ("sqlite:////tmp/planner.db", Path("/tmp/planner.db")),  # noqa: S108 - never opened
        ("sqlite+pysqlite:///x.db?cache=private", Path("x.db")),
        ("sqlite://", None),
        ("postgresql://host/name", None),
    ],
)
def test_the_file_of_a_database_is_known(url, file):
    assert opening.file_of(url) == file
