import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, exc, insert, select

from planner.errors import StoreUnavailable
from planner.store import tables
from planner.store.instants import Instant
from planner.store.statements import ByKeys, Insert, Update

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Instant),
    Column("raw", LargeBinary),
)


@pytest.fixture
def store(database):
    database.write_sync(things.create)
    yield database
    database.write_sync(things.drop)


def rows(store):
    return store.read_sync(lambda tx: tx.execute(select(things).order_by(things.c.id)).all())


def test_rows_come_back_as_from_an_ordinary_insert(store, make):
    told = [{"id": n, "name": f"n{n}", "at": make.later(seconds=n), "raw": bytes([0, n])} for n in (1, 2)]

    store.write_sync(lambda tx: Insert(things)(tx, told[:1]))
    store.write_sync(lambda tx: tx.execute(insert(things), told[1:]) and None)
    assert [dict(row._mapping) for row in rows(store)] == told

    more = [{**row, "id": row["id"] + 2} for row in told]
    store.write_sync(lambda tx: Insert(things)(tx, more))
    assert [dict(row._mapping) for row in rows(store)][2:] == more


def test_what_a_row_leaves_out_is_null_and_no_row_is_no_statement(store):
    store.write_sync(lambda tx: Insert(things)(tx, [{"id": 1, "name": "n"}]))
    store.write_sync(lambda tx: Insert(things)(tx, []))

    assert [tuple(row) for row in rows(store)] == [(1, "n", None, None)]


def test_a_row_takes_the_place_of_one_with_its_key_where_that_is_wanted(store, make):
    put = Insert(things, replaces=("name",))
    store.write_sync(lambda tx: put(tx, [{"id": 1, "name": "old", "at": make.at}]))

    store.write_sync(lambda tx: put(tx, [{"id": 1, "name": "new"}, {"id": 2, "name": "other"}]))

    assert [(row.id, row.name, row.at) for row in rows(store)] == [(1, "new", make.at), (2, "other", None)]


def test_a_refused_row_is_the_error_that_others_give(store):
    caught = []

    def twice(tx):
        put, row = Insert(things), {"id": 1, "name": "a secret"}
        put(tx, [row])
        try:
            put(tx, [row])
        except exc.IntegrityError as error:
            caught.append(str(error))
            raise

    with pytest.raises(StoreUnavailable):
        store.write_sync(twice)
    assert "a secret" not in caught[0]
    assert rows(store) == []


def test_every_table_of_the_hot_path_can_be_written_so(database):
    for table in (tables.entries, tables.log, tables.blobs, tables.heads, tables.decisions, tables.questions):
        text = database.read_sync(lambda tx, table=table: Insert(table)._statement.compiled(tx.dialect).text)
        assert text.startswith(f"INSERT INTO {table.name} (")


def test_many_rows_go_in_together_whatever_their_number(store):
    told = [{"id": n, "name": f"n{n}"} for n in range(1, 1 + 64 + 32 + 5)]

    store.write_sync(lambda tx: Insert(things)(tx, told))

    assert [(row.id, row.name) for row in rows(store)] == [(row["id"], row["name"]) for row in told]


def test_only_the_columns_that_are_named_change_in_the_row_with_that_key(store, make):
    store.write_sync(lambda tx: Insert(things)(tx, [{"id": n, "name": f"n{n}"} for n in (1, 2)]))

    store.write_sync(lambda tx: Update(things)(tx, [{"id": 2, "at": make.at}]))

    assert [(row.id, row.name, row.at) for row in rows(store)] == [(1, "n1", None), (2, "n2", make.at)]


def test_many_rows_change_each_in_its_own_way(store, make):
    told = [{"id": n, "name": f"n{n}", "raw": b"\x00"} for n in range(1, 6)]
    store.write_sync(lambda tx: Insert(things)(tx, told))
    changes = [{"id": n, "name": f"\u00fc{n}", "at": make.later(seconds=n), "raw": None} for n in (1, 2, 3)]

    store.write_sync(lambda tx: Update(things)(tx, [*changes, {"id": 4, "raw": b"\x01\xff"}]))

    whole = [row | change for row, change in zip(told, [*changes, {"raw": b"\x01\xff"}, {}], strict=True)]
    assert [dict(row._mapping) for row in rows(store)] == [{"at": None} | row for row in whole]


def test_of_two_changes_of_one_row_the_later_one_stands(store):
    store.write_sync(lambda tx: Insert(things)(tx, [{"id": 1, "name": "n"}]))

    store.write_sync(lambda tx: Update(things)(tx, [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]))

    assert [row.name for row in rows(store)] == ["b"]


def test_of_two_rows_that_replace_one_the_later_one_stands(store):
    put = Insert(things, replaces=("name",))

    store.write_sync(lambda tx: put(tx, [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]))

    assert [row.name for row in rows(store)] == ["b"]


def test_rows_are_found_by_many_keys_at_once(store):
    store.write_sync(lambda tx: Insert(things)(tx, [{"id": n, "name": f"n{n}"} for n in range(1, 300)]))
    by_name = ByKeys(select(things.c.id).order_by(things.c.id), things.c.name)

    found = store.read_sync(lambda tx: by_name(tx, [f"n{n}" for n in range(100, 400)]))

    assert [tuple(row) for row in found] == [(n,) for n in range(100, 300)]
    assert store.read_sync(lambda tx: by_name(tx, [])) == []
