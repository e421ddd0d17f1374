import hashlib

from planner.log import chain


def test_a_hash_covers_what_is_before_the_number_and_the_bytes():
    (first, second) = chain.extend(chain.EMPTY, [b"a", b"b"])

    assert first == (0, bytes(32), hashlib.sha256(b"\0" + bytes(32) + bytes(8) + b"a").digest())
    assert second == (1, first.hash, chain.digest(first.hash, 1, b"b"))
    assert len({chain.digest(first.hash, 1, b"b"), chain.digest(first.hash, 2, b"b"), second.prev_hash}) == 3


def test_a_chain_goes_on_from_its_tip():
    whole = list(chain.extend(chain.EMPTY, [b"a", b"b", b"c"]))

    assert list(chain.extend(chain.Tip(whole[0].seq, whole[0].hash), [b"b", b"c"])) == whole[1:]
