"""Instants: moments as numbers that sort alike on every database."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(value: datetime | None) -> int | None:
    """Return the number that stands for a moment in the database."""
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Return the moment that a number of the database stands for."""
    return _EPOCH + value * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment as microseconds since 1970 in UTC: compact, and it sorts alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the number to store."""
        del dialect
        return micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the moment that was stored."""
        del dialect
        return None if value is None else moment(value)
