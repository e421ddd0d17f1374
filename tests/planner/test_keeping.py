import base64
import logging

import pytest

from planner import keeping
from planner.errors import SettingsInvalid
from planner.log.masking import Masking
from planner.settings import SealingSettings, Settings
from planner.store import keyfiles

KEY = base64.b64encode(bytes(range(32))).decode()
OFF = Masking(never=(), detectors=())


def config(folder, **more):
    return Settings(**{"database_url": f"sqlite:///{folder}/planner.db"} | more)


def server(**more):
    return Settings(database_url="postgresql://db/planner", **more)


def test_a_key_of_the_environment_seals_on_any_database(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_JOURNAL_KEY", KEY)

    assert keeping.for_running(server()).seals is not None
    assert keeping.for_running(config(tmp_path)).seals is not None
    assert list(tmp_path.iterdir()) == []


def test_the_secret_may_bear_another_name(monkeypatch):
    monkeypatch.setenv("OTHER_KEY", KEY)
    found = keeping.for_running(server(sealing=SealingSettings(key="OTHER_KEY")))

    assert found.seals.key_id == keeping.Seals((bytes(range(32)),), bytes).key_id


def test_where_runs_move_a_key_is_made_beside_an_sqlite_database_and_found_again(tmp_path):
    first = keeping.for_running(config(tmp_path))
    again = keeping.for_running(config(tmp_path))

    assert first.seals.key_id == again.seals.key_id == keeping.for_reading(config(tmp_path)).seals.key_id
    assert [each.name for each in tmp_path.iterdir()] == ["planner.db.key"]


def test_reading_makes_nothing(tmp_path):
    assert keeping.for_reading(config(tmp_path)).seals is None
    assert list(tmp_path.iterdir()) == []


def test_without_masking_no_key_is_made_and_one_that_is_there_still_opens(tmp_path):
    assert keeping.for_running(config(tmp_path, masking=OFF)).seals is None
    assert list(tmp_path.iterdir()) == []

    keyfiles.make(tmp_path / "planner.db.key", KEY)

    assert keeping.for_running(config(tmp_path, masking=OFF)).seals is not None


def test_a_server_database_without_a_key_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        found = keeping.for_running(server())

    assert found.seals is None
    assert "PLANNER_JOURNAL_KEY" in caplog.records[0].why


def test_a_start_without_a_key_is_refused_where_one_is_required():
    with pytest.raises(SettingsInvalid, match=r"PLANNER_SEALING__REQUIRED: .*PLANNER_JOURNAL_KEY"):
        keeping.for_running(server(sealing=SealingSettings(required=True)))


def test_a_key_that_is_none_stops_the_start(monkeypatch):
    monkeypatch.setenv("PLANNER_JOURNAL_KEY", "hunter2")

    with pytest.raises(SettingsInvalid, match="PLANNER_JOURNAL_KEY"):
        keeping.for_running(server())
