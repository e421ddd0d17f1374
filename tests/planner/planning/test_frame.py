from planner.planning.frame import Frame, known


def test_what_is_known_has_the_kind_that_its_name_says():
    frame = Frame(have={"order_id": "o-1", "city": "Oslo", "order.total": 12.5, "status": "late"})
    assert [(item.name, item.kinds) for item in known(frame)] == [
        ("order_id", ("order.id", "input.order_id")),
        ("city", ("input.city", "city")),
        ("order_total", ("order.total",)),
        ("status", ("input.status",)),
    ]


def test_a_known_value_has_the_type_that_it_shows():
    frame = Frame(have={"a": True, "b": 1, "c": 1.5, "d": "x", "e": [], "f": {}, "g": None})
    types = [item.schema.get("type") for item in known(frame)]
    assert types == ["boolean", "integer", "number", "string", "array", "object", None]
