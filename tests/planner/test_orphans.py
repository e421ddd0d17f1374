import signal
import subprocess
import sys
import threading

from planner import orphans

DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); input()"


def sleeping(program):
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_a_process_is_interrupted_first():
    with sleeping("print(flush=True); input()") as process:
        orphans.end(process.pid, seconds=0.3)

        assert process.wait(10) == -signal.SIGINT


def test_a_process_that_hears_no_interrupt_is_killed():
    with sleeping(DEAF) as process:
        orphans.end(process.pid, seconds=0.3)

        assert process.wait(10) == -signal.SIGKILL


def test_a_process_that_is_gone_is_left_alone():
    with sleeping("print(flush=True)") as process:
        process.wait(10)

    assert not orphans.is_there(process.pid)
    orphans.end(process.pid)


def test_what_an_orphan_leaves_goes_once_its_parent_is_another(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with sleeping("print(flush=True); input()") as process:
        reaping = threading.Thread(target=process.wait)
        reaping.start()
        orphans.watch(-1, process.pid, str(folder))
        reaping.join()

    assert process.returncode == -signal.SIGINT
    assert not folder.exists()
