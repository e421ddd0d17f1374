"""Cases that failed are known at the next run, in a folder that git ignores."""

from typing import NamedTuple

from evals import memory


class Named(NamedTuple):
    name: str


JOBS = [Named("s/a"), Named("s/b"), Named("s/c")]


def case(name, status):
    return {"suite": "s", "id": name, "status": status}


def test_only_what_failed_is_run_again_and_everything_once_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert memory.failed(JOBS) == JOBS
    memory.keep([case("a", "passed"), case("b", "failed"), case("c", "error")])
    assert memory.failed(JOBS) == JOBS[1:]
    memory.keep([case("b", "passed")])
    assert memory.failed(JOBS) == JOBS[2:]
    memory.keep([case("c", "expected")])
    assert memory.failed(JOBS) == JOBS
    assert (tmp_path / ".evals" / ".gitignore").read_text() == "*\n"


def test_a_green_run_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory.keep([case("a", "passed")])
    assert list(tmp_path.iterdir()) == []
