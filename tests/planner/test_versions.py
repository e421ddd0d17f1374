from planner.versions import VersionStanding, planned


def test_a_version_that_was_never_changed_says_only_that_it_is_active():
    standing = VersionStanding(version="1.0.0", sha256="ab", state="active")

    assert standing.model_dump(exclude_defaults=True) == {
        "version": "1.0.0",
        "sha256": "ab",
        "state": "active",
    }


def test_the_version_by_which_a_run_was_replanned_tells_the_one_that_it_began_with():
    assert planned("1.0.0-rest.2973e1ba7f756daf") == "1.0.0"
    assert planned("1.0.0-beta.1") == "1.0.0-beta.1"
