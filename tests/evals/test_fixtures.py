from evals import fixtures
from evals.cases import Suite

CASES = [{"id": "pay", "expect": {"status": "succeeded"}}]


def suite(**more):
    return Suite.model_validate({"schema": "evals/1", "suite": "small", "cases": CASES} | more)


def write(tmp_path, name, text):
    (tmp_path / name).write_text(f"schema: evals-fixture/1\n{text}")
    return tmp_path / "small.eval.yaml"


def test_answers_of_fixtures_stand_behind_the_suites_own(tmp_path):
    write(
        tmp_path, "one.yaml", "services: {bank.look: {return: 1}, bank.find: {return: 1}}\nmodel: {how: card}"
    )
    file = write(tmp_path, "two.yaml", "services: {bank.find: {return: 2}}\nperson: {clerk: never}")
    own = {"services": {"bank.look": {"return": 9}}}

    found = fixtures.read(suite(fixtures=["one.yaml", "two.yaml"], defaults=own), file).suite.defaults

    assert {name: given[0].return_ for name, given in found.services.items()} == {
        "bank.look": 9,
        "bank.find": 2,
    }
    assert (set(found.model), set(found.person)) == ({"how"}, {"clerk"})


def test_a_suite_without_fixtures_is_itself(tmp_path):
    made = suite()

    assert fixtures.read(made, tmp_path / "small.eval.yaml") == (made, ())


def test_what_is_wrong_with_a_fixture_is_told_at_its_name(tmp_path):
    write(tmp_path, "odd.yaml", "services: {bank.look: {give: 1}}")
    file = write(tmp_path, "broken.yaml", "a: [")

    found = fixtures.read(suite(fixtures=["gone.yaml", "odd.yaml", "broken.yaml"]), file)

    assert found.suite is None
    assert {problem.path for problem in found.problems} == {"/fixtures/0", "/fixtures/1", "/fixtures/2"}
    assert any("gone.yaml" in problem.message for problem in found.problems)
