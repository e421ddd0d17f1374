from planner.snapshots import FEWEST, MOST_BYTES, Snapshot


def test_a_snapshot_is_worth_keeping_where_it_spares_much_and_is_small():
    taken = Snapshot(1000, {"at": "pause"}, before=500)

    assert taken.is_worth(500 * MOST_BYTES)
    assert not taken.is_worth(500 * MOST_BYTES + 1)
    assert not taken._replace(before=1000 - FEWEST + 1).is_worth(10)


def test_it_tells_where_the_run_waits_and_what_is_needed_all_the_same():
    taken = Snapshot(9, {"at": "pause", "needed": [1, 4]})

    assert (taken.at, taken.needed) == ("pause", [1, 4])
