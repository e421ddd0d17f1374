from planner.versions import VersionStanding


def test_a_version_that_was_never_changed_says_only_that_it_is_active():
    standing = VersionStanding(version="1.0.0", sha256="ab", state="active")

    assert standing.model_dump(exclude_defaults=True) == {
        "version": "1.0.0",
        "sha256": "ab",
        "state": "active",
    }
