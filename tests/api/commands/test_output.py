"""Tests of what is printed where."""

import json
import sys

import pytest

from api.commands import output
from api.commands.output import Output


def test_lines_are_plain_where_no_terminal_is(capsys):
    Output().line("[bold]hello[/bold]", "red")

    assert capsys.readouterr().out == "[bold]hello[/bold]\n"


def test_only_the_document_is_printed_for_machines(capsys):
    told = Output(as_json=True)

    told.line("hello")
    told.table(("a",), [("1",)])
    told.document({"a": 1})

    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_the_document_is_not_printed_for_people(capsys):
    Output().document({"a": 1})

    assert capsys.readouterr().out == ""


def test_columns_stand_below_each_other():
    assert output.aligned([("a", "b"), ("long", "c")]) == ["a     b", "long  c"]


def test_notes_and_errors_stand_beside_the_result(capsys):
    Output().note("by the way")
    Output(as_json=True).error("it broke")

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "by the way\nit broke\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\rb"),
        ("\u202egnp", "\\u202egnp"),
        ("é✓", "é✓"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, shown):
    assert output.shown(text) == shown


def test_long_data_is_cut_on_one_line():
    assert output.brief({"a": "x" * 50}, 20) == '{"a":"xxxxxxxxxxxxx…'


def pretend_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_terminal_gets_colours_and_a_line_that_says_what_goes_on(capsys, monkeypatch):
    pretend_terminal(monkeypatch)
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = Output()

    with told.working("begins") as working:
        working.say("goes on")
        told.line("hello", "red")
    told.table(("name",), [("[b]x[/b]",)])
    told.error("it broke")

    captured = capsys.readouterr()
    assert "\x1b[31mhello\x1b[0m" in captured.out
    assert "[b]x[/b]" in captured.out
    assert "\x1b[31mit broke\x1b[0m" in captured.err


def test_no_color_is_honoured(capsys, monkeypatch):
    pretend_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")

    Output().line("hello", "red")

    assert capsys.readouterr().out == "hello\n"
