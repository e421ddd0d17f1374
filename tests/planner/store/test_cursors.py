import base64

import pytest

from planner.errors import CursorInvalid
from planner.store import cursors


def test_a_cursor_gives_back_the_position_it_was_written_for():
    assert cursors.read("runs", cursors.write("runs", "2026-03-01T12:00:00+00:00", "r1"), str, str) == [
        "2026-03-01T12:00:00+00:00",
        "r1",
    ]


def test_a_cursor_can_stand_in_an_address_as_it_is():
    assert cursors.write("runs", "??>>~~", "ü" * 5).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "ü",
        "a" * 5000,
        cursors.write("decisions", "2026-03-01T12:00:00+00:00", "r1"),
        cursors.write("runs", "2026-03-01T12:00:00+00:00"),
        cursors.write("runs", 7, "r1"),
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"not json").decode(),
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(cursor):
    with pytest.raises(CursorInvalid, match="was not given out here"):
        cursors.read("runs", cursor, str, str)


def test_every_page_of_a_list_is_gone_through():
    pages = {None: cursors.Page((1, 2), "b"), "b": cursors.Page((), "c"), "c": cursors.Page((3,), None)}

    assert list(cursors.all_pages(pages.__getitem__)) == [1, 2, 3]
