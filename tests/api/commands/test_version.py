"""Tests of `planner version`."""

import platform

from api.commands import version


def test_the_version_is_printed(desk):
    said = desk.say("version")

    assert said.code == 0
    assert said.out == f"planner {version.installed()}, Python {platform.python_version()}\n"
