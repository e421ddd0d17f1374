import pytest

from planner.errors import CursorInvalid, VersionTaken, WorkflowUnknown
from planner.store import workflows


def register(database, make, workflow, source="text"):
    return database.write_sync(workflows.register, workflow, source=source, now=make.at)


def test_a_workflow_comes_back_as_it_was_registered(database, make):
    workflow = make.workflow(goal="Be kind.", output={"a": "${stop}"})

    assert register(database, make, workflow, "# mine\n")
    assert database.read_sync(workflows.get, "late-order") == workflow
    assert database.read_sync(workflows.by_sha256, workflow.sha256) == workflow
    assert database.read_sync(workflows.source, "late-order", "1.2.0") == "# mine\n"


def test_registering_the_same_content_again_changes_nothing(database, make):
    register(database, make, make.workflow(), "first")

    assert not register(database, make, make.workflow(), "second")
    assert database.read_sync(workflows.source, "late-order") == "first"


def test_a_version_is_immutable(database, make):
    register(database, make, make.workflow())

    with pytest.raises(VersionTaken, match="give the change a new version"):
        register(database, make, make.workflow(goal="Other."))
    assert database.read_sync(workflows.get, "late-order").goal == ""


def test_versions_are_sorted_as_numbers_newest_first(database, make):
    for version in ("1.9.0", "1.10.0", "1.2.0", "1.10.0-rc.2", "1.10.0-rc.10"):
        register(database, make, make.workflow(version=version))

    assert database.read_sync(workflows.versions, "late-order") == [
        "1.10.0",
        "1.10.0-rc.10",
        "1.10.0-rc.2",
        "1.9.0",
        "1.2.0",
    ]
    assert database.read_sync(workflows.get, "late-order").version == "1.10.0"


def test_precedence_is_that_of_semantic_versioning():
    ascending = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    ascending += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-0", "2.0.0"]

    assert sorted(set(ascending), key=workflows.precedence) == ascending


def test_a_pre_release_is_not_taken_unasked_while_there_is_a_release(database, make):
    register(database, make, make.workflow(version="2.0.0-rc.1"))
    assert database.read_sync(workflows.get, "late-order").version == "2.0.0-rc.1"

    register(database, make, make.workflow(version="1.0.0"))
    assert database.read_sync(workflows.get, "late-order").version == "1.0.0"
    assert database.read_sync(workflows.get, "late-order", "2.0.0-rc.1").version == "2.0.0-rc.1"


def test_an_unknown_workflow_names_the_known_ones(database, make):
    with pytest.raises(WorkflowUnknown, match="none is registered"):
        database.read_sync(workflows.get, "checkout")
    register(database, make, make.workflow())

    with pytest.raises(WorkflowUnknown, match="registered are late-order"):
        database.read_sync(workflows.get, "checkout")
    with pytest.raises(WorkflowUnknown, match=r"registered are late-order 1\.2\.0"):
        database.read_sync(workflows.get, "late-order", "9.9.9")
    with pytest.raises(WorkflowUnknown):
        database.read_sync(workflows.by_sha256, "00")


def test_pages_hold_each_workflow_once_by_name(database, make):
    for name in ("b", "a", "c"):
        register(database, make, make.workflow(workflow=name, version="1.0.0"))
        register(database, make, make.workflow(workflow=name, version="1.1.0"))

    first = database.read_sync(workflows.page, limit=2)
    second = database.read_sync(workflows.page, limit=2, cursor=first.next_cursor)

    assert [(each.workflow, each.version) for each in (*first.items, *second.items)] == [
        ("a", "1.1.0"),
        ("b", "1.1.0"),
        ("c", "1.1.0"),
    ]
    assert second.next_cursor is None
    assert database.read_sync(workflows.names) == ["a", "b", "c"]


def test_a_cursor_that_does_not_exist_is_refused(database):
    with pytest.raises(CursorInvalid):
        database.read_sync(workflows.page, cursor="rubbish")
