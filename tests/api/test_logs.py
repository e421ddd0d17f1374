import io
import logging

import pytest

from api import logs


@pytest.fixture
def root():
    """The root logger as a process finds it, put back afterwards."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    levels = {
        name: logging.getLogger(name).level for name in ("api", "evals", "graphs", "mcp", "planner", "tools")
    }
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def lines(root):
    def said(*, debug=False):
        root.handlers.clear()
        logs.begin(debug=debug)
        root.handlers[0].setStream(stream := io.StringIO())
        return stream

    return said


def test_a_line_and_its_trace_hold_no_secret(lines):
    stream = lines()
    try:
        int("password=canary-named-91bc")
    except ValueError:
        logging.getLogger("graphs.dispatch").exception("run failed with Bearer canary0123456789")

    assert "ERROR run failed with [masked:bearer]" in stream.getvalue()
    assert "ValueError: invalid literal for int() with base 10: '[masked:named]" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_debug_lets_us_speak_and_keeps_libraries_from_writing_out_what_they_send(lines):
    stream = lines(debug=True)
    logging.getLogger("graphs.dispatch").debug("ours")
    logging.getLogger("httpcore.http11").debug("theirs")
    logging.getLogger("httpcore.http11").warning("their warning")

    assert stream.getvalue() == "DEBUG ours\nWARNING their warning\n"


def test_without_debug_only_errors_are_told(lines):
    stream = lines()
    logging.getLogger("graphs.dispatch").warning("no")
    logging.getLogger("graphs.dispatch").error("yes")

    assert stream.getvalue() == "ERROR yes\n"


def test_a_library_that_quotes_what_servers_sent_says_nothing(lines):
    stream = lines(debug=True)
    logging.getLogger("mcp.client.stdio").error("cannot be parsed: my-own-words")

    assert stream.getvalue() == ""
