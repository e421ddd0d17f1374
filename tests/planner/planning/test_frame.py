from planner.planning.frame import Frame, known, namesakes


def test_what_is_known_has_the_kind_that_its_name_says():
    frame = Frame(have={"order_id": "o-1", "city": "Oslo", "order.total": 12.5, "status": "late"})
    assert [(*item.path, item.kinds) for item in known(frame)] == [
        ("order_id", ("order.id", "input.order_id")),
        ("city", ("input.city", "city")),
        ("order_total", ("order.total",)),
        ("status", ("input.status",)),
    ]


def test_a_known_value_has_the_type_that_it_shows():
    frame = Frame(have={"a": True, "b": 1, "c": 1.5, "d": "x", "e": [], "f": {}, "g": None})
    types = [item.schema.get("type") for item in known(frame)]
    assert types == ["boolean", "integer", "number", "string", "array", "object", "null"]


def test_the_fields_of_a_known_object_are_known_too():
    frame = Frame(have={"order": {"id": "o-1", "payment_id": "p-1", "buyer": {"email": "a@example.com"}}})
    assert [(item.expression, item.kinds) for item in known(frame)] == [
        ("input.order", ("input.order", "order")),
        ("input.order.id", ("order.id",)),
        ("input.order.payment_id", ("payment.id", "order.payment_id")),
        ("input.order.buyer", ("order.buyer", "buyer")),
        ("input.order.buyer.email", ("buyer.email", "email")),
    ]
    assert known(frame)[0].schema["required"] == ["buyer", "id", "payment_id"]


def test_names_that_are_one_in_the_input_of_a_run_are_found():
    assert namesakes(["order_id", "city", "order.id", "OrderId"]) == [("order_id", "order.id", "OrderId")]
