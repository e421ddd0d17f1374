"""Tests of `planner version`."""

import platform

from api.commands import version


def test_the_version_is_printed(desk):
    said = desk.say("version")

    assert said.code == 0
    assert said.out == f"planner {version.installed()}, Python {platform.python_version()}\n"


def test_a_program_that_is_not_installed_says_so(desk, monkeypatch):
    monkeypatch.setattr(version, "DISTRIBUTION", "no-such-distribution")

    assert desk.say("version").out.startswith("planner from its sources, ")
