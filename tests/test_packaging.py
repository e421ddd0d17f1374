"""The five names are ours, here and in the wheel, and tests never ship."""

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("planner", "tools", "graphs", "api", "evals")


def test_no_other_distribution_owns_one_of_the_five_names():
    owners = packages_distributions()

    assert {name: set(owners.get(name, ())) - {"workflow-planner"} for name in PACKAGES} == {
        name: set() for name in PACKAGES
    }


def test_each_name_is_found_in_this_tree_also_without_the_working_folder():
    program = (
        f"from importlib.util import find_spec\nfor name in {PACKAGES!r}: print(find_spec(name).origin)\n"
    )

    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)

    assert [Path(line).parent for line in ran.stdout.split()] == [ROOT / name for name in PACKAGES]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_five_packages_and_no_tests(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_carries_the_migrations(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert any("planner/store/migrations/versions/0001" in name for name in names)
