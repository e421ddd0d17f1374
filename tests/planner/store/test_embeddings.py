from datetime import UTC, datetime, timedelta

from planner.planning import vectors
from planner.store import embeddings

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ONE, OTHER = vectors.direction([1, 2, 3]), vectors.direction([-1, 0, 1])


def test_what_was_kept_is_found_by_its_hash(database):
    database.write_sync(embeddings.keep, {"a": ONE, "b": OTHER}, NOW)

    assert database.read_sync(embeddings.find, ["a", "b", "c"]) == {"a": ONE, "b": OTHER}
    assert database.read_sync(embeddings.find, []) == {}


def test_what_is_kept_again_takes_the_place_of_what_was(database):
    database.write_sync(embeddings.keep, {"a": ONE}, NOW)
    database.write_sync(embeddings.keep, {"a": OTHER}, NOW)

    assert database.read_sync(embeddings.find, ["a"]) == {"a": OTHER}


def test_what_nobody_used_for_long_is_deleted(database):
    database.write_sync(embeddings.keep, {"used": ONE, "unused": OTHER}, NOW)
    later = NOW + embeddings.KEPT - timedelta(days=1)
    assert database.write_sync(embeddings.use, ["used"], later) == 0

    assert database.write_sync(embeddings.use, [], NOW + embeddings.KEPT + timedelta(days=1)) == 1
    assert database.read_sync(embeddings.find, ["used", "unused"]) == {"used": ONE}


def test_thousands_are_kept_and_found_at_once(database):
    many = {f"{number:064}": ONE for number in range(1_234)}
    database.write_sync(embeddings.keep, many, NOW)

    assert database.read_sync(embeddings.find, many) == many
    assert database.write_sync(embeddings.use, many, NOW + timedelta(days=2)) == 0
