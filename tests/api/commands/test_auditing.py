"""Tests of `planner decisions verify`, `heads` and `export`."""

import base64
import json
import re
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from api import cli
from planner.log.heads import SigningKey

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
SEED = base64.b64encode(bytes(range(32))).decode()
PUBLIC = SigningKey(bytes(range(32))).public


@pytest.fixture
def decided(desk):
    """Return the only decision of a run."""
    desk("run", "greet", "--input", '{"name": "Ann"}')
    return desk("decisions", "--json").data["items"][0]


def tamper(desk, *statements):
    with sqlite3.connect(desk.database.removeprefix("sqlite:///")) as connection:
        for statement in ("DROP TRIGGER log_no_update", "DROP TRIGGER log_no_delete", *statements):
            connection.execute(statement)
    connection.close()


def test_every_branch_is_documented_with_its_options_and_no_other():
    parts = re.split(
        r"^### `planner decisions ([a-z]+)([^`]*)`$", DOCS.replace("#### `", "### `"), flags=re.MULTILINE
    )
    told = dict(zip(parts[1::3], parts[3::3], strict=True))
    command = cli.program().commands["decisions"]

    names = {"verify", "heads", "export", "label", "erase", "hold", "purge", "replay", "fork"}
    assert set(told) == names
    for name in names:
        params = command.branch(name).params
        options = {
            each for param in params for each in (*param.opts, *param.secondary_opts) if each[0] == "-"
        }
        text = re.split(r"^##", told[name], flags=re.MULTILINE)[0]
        assert set(re.findall(r"`(--?[a-z][a-z-]*)", text)) == options - {"--help"}, name


def test_a_branch_has_a_help_of_its_own_and_the_command_tells_of_it(desk):
    assert "--heads" in desk("decisions", "verify", "--help").out
    assert "decisions verify" in " ".join(desk("decisions", "--help").out.split())


def test_a_log_as_it_was_written_exits_with_0(desk, decided):
    said = desk("decisions", "verify")

    assert said.code == 0
    assert "The log is as it was written." in said.out
    assert "no exported heads were compared" in said.err


def test_a_log_that_was_changed_exits_with_1_and_tells_where(desk, decided):
    tamper(desk, "UPDATE log SET body = CAST(replace(body, 'cool', 'warm') AS BLOB) WHERE seq = 1")

    said = desk("decisions", "verify")

    assert said.code == 1
    assert "record 1: [edited] its bytes do not give its hash" in said.out
    data = desk("decisions", "verify", "--json").data
    assert (data["ok"], data["findings"][0]["code"]) == (False, "edited")


def test_heads_are_signed_and_compared(desk, decided, monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNER_LOG_KEY", SEED)
    file = tmp_path / "heads.jsonl"
    assert desk("decisions", "heads", "-o", str(file)).code == 0
    assert PUBLIC in desk("decisions", "heads").err

    data = desk("decisions", "verify", "--heads", str(file), "--json").data
    assert (data["ok"], data["heads"], data["signed"], data["notes"]) == (True, 1, 1, [])

    tamper(desk, "DELETE FROM log", "DELETE FROM heads", "DELETE FROM decisions", "DELETE FROM blobs")
    said = desk("decisions", "verify", "--heads", str(file))
    assert said.code == 1
    assert "the whole stream is missing" in said.out


def test_an_auditor_needs_only_the_public_key(desk, decided, monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNER_LOG_KEY", SEED)
    file = tmp_path / "heads.jsonl"
    desk("decisions", "heads", "-o", str(file))
    monkeypatch.delenv("PLANNER_LOG_KEY")

    scope = ("decisions", "verify", "--heads", str(file), "--json")
    assert desk(*scope).data["signed"] == 0
    assert desk(*scope, "--public-key", PUBLIC).data["signed"] == 1
    file.write_text(file.read_text().replace('"seq":1', '"seq":0'))
    assert desk(*scope, "--public-key", PUBLIC).data["findings"][0]["code"] == "signature"


def test_heads_without_a_key_say_so(desk, decided):
    said = desk("decisions", "heads")

    assert "unsigned: the secret PLANNER_LOG_KEY holds no key" in said.err
    assert json.loads(said.out)["sig"] is None


@pytest.mark.parametrize("text", ["{}", "not json", '{"stream": "s", "seq": 1, "hash": "xyz"}'])
def test_a_file_that_holds_no_heads_is_refused_with_its_line(desk, decided, tmp_path, text):
    file = tmp_path / "heads.jsonl"
    file.write_text(f"\n{text}\n")

    said = desk("decisions", "verify", "--heads", str(file))

    assert said.code == 1
    assert "heads.jsonl:2 is no head of the log" in said.err


def test_a_key_that_is_no_key_is_told_without_repeating_it(desk, decided, monkeypatch):
    monkeypatch.setenv("PLANNER_LOG_KEY", "c2hvcnQ=")

    said = desk("decisions", "heads")

    assert said.code != 0
    assert "the secret PLANNER_LOG_KEY is not 32 bytes in base64" in said.err
    assert "c2hvcnQ" not in said.err


def test_the_log_is_exported_with_the_names_that_opa_uses(desk, decided):
    desk("decisions", "label", decided["decision_id"], "right")

    events = [json.loads(line) for line in desk("decisions", "export").out.splitlines()]

    assert sorted(event["kind"] for event in events) == ["decision", "genesis", "genesis", "outcome"]
    before, event = next(pair for pair in pairwise(events) if pair[1]["kind"] == "decision")
    assert (event["path"], event["result"], event["input"]) == ("greet/choose", "cool", {"name": "Ann"})
    assert event["decision_id"] == decided["decision_id"]
    assert event["log"]["prev_hash"] == before["log"]["hash"]


def test_the_log_is_exported_for_a_collector(desk, decided, tmp_path):
    file = tmp_path / "log.jsonl"
    assert desk("decisions", "export", "--format", "otlp-json", "-o", str(file)).code == 0

    requests = [json.loads(line) for line in file.read_text().splitlines()]
    record = requests[1]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    attributes = {each["key"]: each["value"] for each in record["attributes"]}

    assert record["eventName"] == "planner.decision"
    assert attributes["planner.decision.choice"] == {"stringValue": "cool"}
    assert attributes["planner.log.seq"] == {"intValue": "1"}
    assert re.fullmatch(r"\d{19}", record["timeUnixNano"])


def test_an_export_may_begin_later(desk, decided):
    assert desk("decisions", "export", "--since", "2200-01-01").out == ""
