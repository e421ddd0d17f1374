"""Tests of the options that commands share."""

import pytest

from api.commands import options
from planner.errors import SettingsInvalid


def test_what_an_option_tells_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_DATABASE_URL", "sqlite:///a.db")
    monkeypatch.setenv("PLANNER_PROJECT", str(tmp_path))

    assert options.configured().database_url == "sqlite:///a.db"
    assert options.configured(database="sqlite:///b.db").database_url == "sqlite:///b.db"
    assert options.configured().project == tmp_path


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsInvalid, match="there is no folder"):
        options.configured(tmp_path / "nowhere")


def test_data_is_read_from_a_file(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [1, on]\n", encoding="utf-8")

    assert options.json_argument(f"@{tmp_path / 'a.yaml'}", "--input") == {"a": [1, "on"]}
