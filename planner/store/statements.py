"""Statements: what every step pays for, compiled once for each dialect and handed to the driver."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Connection,
    Dialect,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    exc,
    func,
    select,
    update,
)
from sqlalchemy import Update as SqlUpdate
from sqlalchemy.dialects import postgresql, sqlite

from planner.store import instants
from planner.store.instants import Instant

Row = Mapping[str, Any]

_KEY = "of_key"
"""Name of the parameter for the key of the row that changes; names of columns are SQLAlchemy's own."""
_ROWS = "of_rows"
"""Name of the one parameter that brings many rows."""
_MOST_ROWS = 64
"""Rows that one statement brings at most."""


class _Compiled(NamedTuple):
    text: str
    order: Sequence[str] | None
    """Names in the order of the parameters; None where the driver takes them by name."""


class _Statement:
    """A statement, compiled once: executing SQLAlchemy's own costs several times what the driver does."""

    def __init__(self, make: Callable[[Dialect], Any], names: Sequence[str] | None) -> None:
        self._make, self._names = make, names if names is None else list(names)
        self._known: dict[str, _Compiled] = {}

    def compiled(self, dialect: Dialect) -> _Compiled:
        """Return the text for a dialect."""
        found = self._known.get(dialect.name)
        if found is None:
            made: Any = self._make(dialect).compile(dialect=dialect, column_keys=self._names)
            found = self._known[dialect.name] = _Compiled(str(made), made.positiontup)
        return found


class _Values:
    """The values of rows as a driver takes them; a column that a row leaves out is null."""

    def __init__(self, table: Table) -> None:
        self.names = tuple(each.name for each in table.columns)
        self._instants = frozenset(each.name for each in table.columns if isinstance(each.type, Instant))

    def bound(self, row: Row, order: Sequence[str] | None) -> Any:
        """Return the parameters of one row, by their order or else by name."""
        if order is None:
            return {name: self._plain(name, value) for name, value in row.items()}
        return [self._plain(name, row.get(name)) for name in order]

    def listed(self, rows: Sequence[Row]) -> Row:
        """Return the one parameter that brings many rows to `_listed`."""
        plain = [{name: self._plain(name, value) for name, value in row.items()} for row in rows]
        return {_ROWS: orjson.dumps(plain, default=_hex).decode()}

    def _plain(self, name: str, value: Any) -> Any:
        return instants.micros(value) if name in self._instants else value


class Insert:
    """An INSERT into a table."""

    def __init__(self, table: Table, *, replaces: Sequence[str] = ()) -> None:
        """Prepare it; a row with a key that is taken takes over the columns that `replaces` names."""
        self._table, self._replaces = table, tuple(replaces)
        self._values = _Values(table)
        self._statement = _Statement(self._make, self._values.names)
        self._many = _Statement(self._make_many, [_ROWS])

    def __call__(self, tx: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows; a column that a row leaves out is null."""
        if not rows:
            return
        text, order = self._statement.compiled(tx.dialect)
        if order is None:
            self._on_server(tx, text, rows)
            return
        bound = [self._values.bound(row, order) for row in rows]
        for part in _parts(bound):
            _execute(tx, _repeated(text, len(order), len(part)), tuple(chain.from_iterable(part)))

    def _on_server(self, tx: Connection, text: str, rows: Sequence[Row]) -> None:
        if len(rows) > 1 and self._are_apart(rows):
            _execute(tx, self._many.compiled(tx.dialect).text, self._values.listed(rows))
            return
        whole = dict.fromkeys(self._values.names)
        for row in rows:
            _execute(tx, text, self._values.bound({**whole, **row}, None))

    def _are_apart(self, rows: Sequence[Row]) -> bool:
        """Tell whether no row replaces another of them, which one statement refuses."""
        names = [each.name for each in self._table.primary_key]
        return not self._replaces or len({tuple(row[name] for name in names) for row in rows}) == len(rows)

    def _make_many(self, dialect: Dialect) -> Any:
        given = select(_listed(self._table, self._values.names))
        return self._replacing(self._begun(dialect).from_select(self._values.names, given))

    def _make(self, dialect: Dialect) -> Any:
        return self._replacing(self._begun(dialect))

    def _begun(self, dialect: Dialect) -> Any:
        return (postgresql if dialect.name == "postgresql" else sqlite).insert(self._table)

    def _replacing(self, made: Any) -> Any:
        if not self._replaces:
            return made
        taken = {name: made.excluded[name] for name in self._replaces}
        return made.on_conflict_do_update(index_elements=list(self._table.primary_key), set_=taken)


class Update:
    """An UPDATE of rows, found by the table's one key."""

    def __init__(self, table: Table) -> None:
        self._table = table
        (self._key,) = table.primary_key
        self._values = _Values(table)
        self._singles: dict[frozenset[str], _Statement] = {}
        """By the columns that change, as `_listings`."""
        self._listings: dict[frozenset[str], _Statement] = {}

    def __call__(self, tx: Connection, rows: Sequence[Row]) -> None:
        """Change the columns that each row names, in the one with its key, in this order."""
        for columns, group in groupby(rows, key=frozenset):
            listed = list(group)
            keys = {row[self._key.name] for row in listed}
            if tx.dialect.name == "postgresql" and 1 < len(listed) == len(keys):
                _execute(tx, self._listing(columns).compiled(tx.dialect).text, self._values.listed(listed))
            else:
                self._one_by_one(tx, columns, listed)

    def _one_by_one(self, tx: Connection, columns: frozenset[str], rows: Sequence[Row]) -> None:
        text, order = self._single(columns).compiled(tx.dialect)
        for row in rows:
            found = {**row, _KEY: row[self._key.name]}
            del found[self._key.name]
            _execute(tx, text, self._values.bound(found, order))

    def _single(self, columns: frozenset[str]) -> _Statement:
        if columns not in self._singles:
            # Without `values` the columns that change are those that are named when it is compiled.
            made = update(self._table).where(self._key == bindparam(_KEY))
            self._singles[columns] = _Statement(lambda _: made, sorted(columns - {self._key.name}))
        return self._singles[columns]

    def _listing(self, columns: frozenset[str]) -> _Statement:
        if columns not in self._listings:
            given = _listed(self._table, sorted(columns)).c
            changed = {name: given[name] for name in sorted(columns - {self._key.name})}
            made = update(self._table).where(self._key == given[self._key.name]).values(changed)
            self._listings[columns] = _Statement(lambda _: made, [_ROWS])
        return self._listings[columns]


class ByKeys:
    """A SELECT of many rows, or a change of them, by their keys: one statement however many they are."""

    def __init__(self, statement: Select[Any] | SqlUpdate, key: Any) -> None:
        self._query, self._key = statement, key
        self._fetches = isinstance(statement, Select)
        self._statement = _Statement(self._make, ["keys"] if self._fetches else None)

    def __call__(self, tx: Connection, keys: Collection[str]) -> Sequence[tuple[Any, ...]]:
        """Return the rows with one of the keys, as the driver gives them; none of those that change."""
        text, order = self._statement.compiled(tx.dialect)
        listed = list(keys)
        bound: Any = {"keys": listed} if order is None else (orjson.dumps(listed).decode(),)
        return _execute(tx, text, bound, fetch=self._fetches)

    def _make(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return self._query.where(self._key == any_(bindparam("keys", type_=ARRAY(Text))))
        listed = func.json_each(bindparam("keys", type_=Text)).table_valued("value")
        return self._query.where(self._key.in_(select(listed.c.value)))


class ByKey:
    """A SELECT of one row of a table by the table's one key, with every column."""

    def __init__(self, table: Table) -> None:
        (key,) = table.primary_key
        self._names = [each.name for each in table.columns]
        self._query = ByKeys(select(table), key)
        self._turned = [(place, turn) for place, each in enumerate(table.columns) if (turn := _turn(each))]

    def __call__(self, tx: Connection, key: str) -> Any:
        """Return the row by the names of its columns, as SQLAlchemy gives it; None where there is none."""
        for found in self._query(tx, [key]):
            values = list(found)
            for place, turn in self._turned:
                if values[place] is not None:
                    values[place] = turn(values[place])
            return SimpleNamespace(**dict(zip(self._names, values, strict=True)))
        return None


def _turn(of: Column[Any]) -> Callable[[Any], Any] | None:
    """Return what makes a value of a column out of the driver's, if it is another one."""
    if isinstance(of.type, Instant):
        return instants.moment
    return bool if isinstance(of.type, Boolean) else None


def _listed(table: Table, names: Sequence[str]) -> Any:
    """Return the rows that one parameter brings to PostgreSQL, with these columns of the table.

    The driver binds a JSON text at once but rows value by value, and one statement is one way there and back.
    """
    columns = [column(name, table.c[name].type) for name in names]
    given = func.json_to_recordset(cast(bindparam(_ROWS, type_=Text), postgresql.JSON))
    return given.table_valued(*columns).render_derived(name="given", with_types=True)


def _hex(value: Any) -> str:
    """Return bytes as PostgreSQL reads them.

    Raises:
        TypeError: it is something else that JSON has no form for.
    """
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"a column cannot hold {type(value).__name__}")


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    """Cut the rows so that few different lengths appear: each is a statement of its own to SQLite."""
    start, size = 0, _MOST_ROWS
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


def _repeated(text: str, columns: int, rows: int) -> str:
    """Return the INSERT for so many rows.

    One statement is one step of SQLite: Python's lock is given away and fetched back once, not for each row,
    which under load may take five milliseconds every time.
    """
    one = f"({', '.join('?' * columns)})"
    return text.replace(one, ", ".join([one] * rows), 1)


def _execute(tx: Connection, text: str, bound: Any, *, fetch: bool = False) -> Sequence[tuple[Any, ...]]:
    if not tx.in_transaction():
        # The driver's cursor begins none by itself: what is read is to be of one state.
        tx.begin()
    with _cursor(tx, text) as cursor:
        cursor.execute(text, bound)
        return cursor.fetchall() if fetch else ()


@contextmanager
def _cursor(tx: Connection, text: str) -> Iterator[Any]:
    driver: Any = tx.dialect.dbapi
    cursor = tx.connection.cursor()
    try:
        yield cursor
    except driver.Error as error:
        raise _wrapped(tx, text, error) from error
    finally:
        cursor.close()


def _wrapped(tx: Connection, text: str, error: Exception) -> Exception:
    """Return a driver's error as SQLAlchemy's, and give up a connection that was lost."""
    dialect: Any = tx.dialect
    lost = dialect.is_disconnect(error, tx.connection, None)
    if lost:
        tx.invalidate(error)
    return exc.DBAPIError.instance(
        text,
        None,
        error,
        dialect.dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=tx.dialect,
    )
