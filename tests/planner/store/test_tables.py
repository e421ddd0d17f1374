from planner.store import tables


def key(name, at):
    return {"key": name, "request_sha256": "s", "run_id": "r", "created_at": at}


def test_a_row_whose_key_is_taken_is_skipped_without_an_error(database, make):
    def twice(tx):
        return [tables.insert_or_skip(tx, tables.keys, key("k", make.at)) for _ in range(2)]

    assert database.write_sync(twice) == [True, False]
