from planner.journal import Append, Entry, Key, Numbered, Recorded
from planner.testing import START


def entry(**fields):
    return Entry(**{"kind": "outcome", "path": "order", "at": START, "body": {}} | fields)


def test_an_entry_is_found_by_what_it_is_about():
    made = entry(kind="intention", path="lines[3].reserve", visit=2, attempt=4)

    assert made.key == Key("intention", "lines[3].reserve", 2, 4)


def test_replay_finds_each_entry_whatever_the_order():
    first, other, again = entry(), entry(path="pay"), entry(visit=2)

    recorded = Recorded([Numbered(3, again), Numbered(1, first), Numbered(2, other)])

    assert recorded.find("outcome", "order") == first
    assert recorded.find("outcome", "order", 2) == again
    assert recorded.find("outcome", "pay") == other


def test_what_has_not_happened_is_not_found():
    recorded = Recorded([Numbered(1, entry())])

    assert recorded.find("intention", "order") is None
    assert recorded.find("outcome", "order", 2) is None
    assert recorded.find("outcome", "order", 1, 2) is None
    assert recorded.find("finished") is None


def test_numbers_begin_at_one_and_follow_the_last_entry():
    recorded = Recorded()
    assert recorded.next_seq == 1

    recorded.add(Numbered(7, entry()))

    assert recorded.next_seq == 8
    assert [numbered.seq for numbered in recorded.numbered] == [7]


def test_an_append_brings_only_what_it_is_told():
    assert Append("r", 1) == ("r", 1, (), (), (), (), None, None, None)


def test_a_reserved_number_is_given_to_nobody_else():
    recorded = Recorded([Numbered(1, entry())])

    first, second = recorded.reserve(), recorded.reserve()
    recorded.add(Numbered(first, entry(path="pay")))

    assert (first, second, recorded.next_seq) == (2, 3, 4)
