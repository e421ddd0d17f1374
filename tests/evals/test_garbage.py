"""The collector rests where nothing becomes garbage, and is afterwards as it was."""

import gc

import pytest

from evals.garbage import COLLECT_AFTER, imported, rarely_collected


def test_the_collector_looks_rarely_and_not_through_what_was_there():
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with rarely_collected():
        assert gc.get_threshold()[0] == COLLECT_AFTER
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_module_is_imported_and_the_collector_goes_on_afterwards():
    assert imported("evals.garbage").imported is imported
    assert gc.isenabled()


def test_the_collector_goes_on_where_a_module_cannot_be_imported():
    with pytest.raises(ModuleNotFoundError):
        imported("evals.nowhere")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        imported("evals.garbage")
        assert not gc.isenabled()
    finally:
        gc.enable()
