"""Statements: the inserts that every step pays for, compiled once for each dialect."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

from planner.store.tables import Instant

Row = Mapping[str, Any]


class _Compiled(NamedTuple):
    text: str
    order: Sequence[str] | None
    """Names in the order of the parameters; None where the driver takes them by name."""


class Insert:
    """An INSERT into a table: SQLAlchemy's own costs several times what the driver does with it."""

    def __init__(self, table: Table, *, replaces: Sequence[str] = ()) -> None:
        self._table = table
        self._replaces = tuple(replaces)
        """Columns that a row with the same key takes over."""
        self._names = tuple(column.name for column in table.columns)
        self._instants = tuple(column.name for column in table.columns if isinstance(column.type, Instant))
        self._known: dict[str, _Compiled] = {}

    def __call__(self, tx: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows; a column that a row leaves out is null."""
        if not rows:
            return
        compiled = self._compiled(tx.dialect)
        bound = [self._bound(row, tx.dialect, compiled.order) for row in rows]
        driver: Any = tx.dialect.dbapi
        cursor = tx.connection.cursor()
        try:
            if len(bound) == 1:
                cursor.execute(compiled.text, bound[0])
            else:
                cursor.executemany(compiled.text, bound)
        except driver.Error as error:
            raise _wrapped(tx, compiled.text, error) from error
        finally:
            cursor.close()

    def _bound(self, row: Row, dialect: Dialect, order: Sequence[str] | None) -> Any:
        plain = dict(row)
        for name in self._instants:
            plain[name] = _MOMENTS.process_bind_param(plain.get(name), dialect)
        if order is None:
            return {name: plain.get(name) for name in self._names}
        return tuple(map(plain.get, order))

    def _compiled(self, dialect: Dialect) -> _Compiled:
        found = self._known.get(dialect.name)
        if found is None:
            found = self._known[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> _Compiled:
        made = (postgresql if dialect.name == "postgresql" else sqlite).insert(self._table)
        if self._replaces:
            taken = {name: made.excluded[name] for name in self._replaces}
            made = made.on_conflict_do_update(index_elements=list(self._table.primary_key), set_=taken)
        compiled: Any = made.compile(dialect=dialect, column_keys=list(self._names))
        return _Compiled(str(compiled), compiled.positiontup)


_MOMENTS = Instant()


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
