from datetime import UTC, datetime

from planner.log import envelopes, export
from planner.log.verification import Row

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def row(kind, record):
    sealed = envelopes.seal(kind, record, ts=AT)
    return Row("s", 3, AT, kind, None, sealed.body, bytes(32), bytes(32))


def test_a_record_of_another_kind_is_exported_as_it_is():
    found = export.event(row("purge", {"records": 5}), None, labels={"a": "b"})

    assert found == {
        "labels": {"a": "b"},
        "kind": "purge",
        "timestamp": "2026-03-01T12:00:00.123456Z",
        "log": {"stream": "s", "seq": 3, "prev_hash": "00" * 32, "hash": "00" * 32},
        "record": {"records": 5},
    }


def test_values_become_what_otlp_knows():
    event = export.event(row("hold", {"a": [True, 1, 2.5, None, "x"], "wide": 2**70}), None, labels={})
    record = export.otlp(event)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    body = {each["key"]: each["value"] for each in record["body"]["kvlistValue"]["values"]}
    held = {each["key"]: each["value"] for each in body["record"]["kvlistValue"]["values"]}

    assert record["timeUnixNano"] == "1772366400123456000"
    assert held["a"]["arrayValue"]["values"] == [
        {"boolValue": True},
        {"intValue": "1"},
        {"doubleValue": 2.5},
        {},
        {"stringValue": "x"},
    ]
    assert held["wide"] == {"stringValue": str(2**70)}
