import base64
import threading
from pathlib import Path

import pytest

from planner.errors import SettingsInvalid, StoreUnavailable
from planner.store import keyfiles

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/planner.db", Path("var/planner.db.key")),
        ("sqlite:////srv/planner.db", Path("/srv/planner.db.key")),
        ("sqlite:///file:planner.db?uri=true", None),
        ("sqlite://", None),
        ("postgresql://db/planner", None),
        ("what?", None),
    ],
)
def test_a_key_stands_beside_a_database_that_is_a_file(url, file):
    assert keyfiles.beside(url) == file


def test_a_key_is_made_for_its_owner_alone(tmp_path):
    file = tmp_path / "new" / "planner.db.key"

    assert keyfiles.read(file) == ()
    keyfiles.make(file, TEXT)

    assert keyfiles.read(file) == (KEY,)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not keyfiles.is_open_to_others(file)
    assert list(file.parent.iterdir()) == [file]


def test_a_key_that_is_there_stays(tmp_path):
    file = tmp_path / "planner.db.key"
    keyfiles.make(file, TEXT)
    keyfiles.make(file, base64.b64encode(bytes(32)).decode())

    assert keyfiles.read(file) == (KEY,)


def test_of_many_that_start_at_once_all_read_the_same_key(tmp_path):
    file, found = tmp_path / "planner.db.key", set()
    begin = threading.Barrier(6)

    def work(n):
        begin.wait()
        keyfiles.make(file, base64.b64encode(bytes([n]) * 32).decode())
        found.add(keyfiles.read(file))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 1


def test_a_file_that_others_can_read_is_noticed(tmp_path):
    file = tmp_path / "planner.db.key"
    keyfiles.make(file, TEXT)
    file.chmod(0o640)

    assert keyfiles.is_open_to_others(file)


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "planner.db.key"
    file.write_text("hunter2")

    with pytest.raises(SettingsInvalid, match=r"planner\.db\.key"):
        keyfiles.read(file)
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        keyfiles.read(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        keyfiles.make(tmp_path / "taken" / "planner.db.key", TEXT)
