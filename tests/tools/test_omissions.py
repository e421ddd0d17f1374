from tools.omissions import Omission


def test_an_omission_says_what_and_why():
    assert Omission("shop.Orders.Watch", "streams its answers")._asdict() == {
        "what": "shop.Orders.Watch",
        "why": "streams its answers",
    }
