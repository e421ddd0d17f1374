import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from planner import postgres

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
from planner import postgres
with postgres.server(durable=False) as running:
    print(running.url, running._home, flush=True)
    input()
"""


def ask(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_a_server_is_there_within_the_block_and_gone_after_it(postgresql_server):
    del postgresql_server  # skips where none is installed
    with postgres.server(settings=["statement_timeout=1234"]) as running:
        assert ask(running.url, "SHOW statement_timeout") == "1234ms"
        assert ask(running.url, "SHOW fsync") == "on"
        assert "ready to accept connections" in running.said()
        url = running.url

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_what_was_committed_stays_over_a_stop_and_a_start(postgresql_server):
    del postgresql_server
    with postgres.server(durable=False) as running:
        with psycopg.connect(running.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        running.stop()
        running.start()
        assert ask(running.url, "SELECT n FROM kept") == 7


def test_a_server_that_does_not_start_says_why(postgresql_server):
    del postgresql_server
    with (
        pytest.raises(RuntimeError, match=r"did not start.*no_such_setting"),
        postgres.server(settings=["no_such_setting=1"]),
    ):
        pass


def test_a_machine_without_one_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(postgres, "binaries", lambda: None)

    with pytest.raises(RuntimeError, match="apt-get install postgresql"), postgres.server():
        pass


def test_a_server_ends_and_leaves_nothing_when_its_process_is_killed(postgresql_server):
    del postgresql_server
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        url, home = holder.stdout.readline().split()
        assert ask(url, "SELECT 1") == 1
        holder.send_signal(signal.SIGKILL)

    until = time.monotonic() + 30
    while Path(home).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(home).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
