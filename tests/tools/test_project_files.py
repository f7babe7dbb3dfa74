"""Who and where the project is stands in one setting; the files that say it are made from it and invent nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import project_files  # noqa: E402

yaml = pytest.importorskip("yaml")
PROJECT = project_files.read_project((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOBODY = replace(PROJECT, address="", author="", contact="")
SOMEBODY = replace(
    PROJECT, address="https://github.com/example/a2bench", author='The "Example" Group: Ä', contact="us@example.org"
)


def test_make_docs_would_change_nothing() -> None:
    for name, text in project_files.texts(ROOT).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"type `make docs`: {name}"


def test_the_citation_has_what_its_schema_asks_for() -> None:
    for project in (NOBODY, SOMEBODY):
        found = yaml.safe_load(project_files.citation(project))
        assert {"cff-version", "message", "title", "authors"} <= found.keys()
        assert found["cff-version"] == "1.2.0" and found["type"] == "software"
        assert found["version"] == PROJECT.version and found["license"] == "Apache-2.0"


def test_nothing_is_invented_where_nobody_is_named() -> None:
    found = yaml.safe_load(project_files.citation(NOBODY))
    assert found["authors"] == [{"name": "The authors of A2Bench"}]
    assert "repository-code" not in found and "@" not in project_files.citation(NOBODY)
    told = project_files.where_to_tell(NOBODY)
    assert "No contact has been set yet" in told and "http" not in told and "@" not in told


def test_what_was_filled_in_is_said_everywhere() -> None:
    found = yaml.safe_load(project_files.citation(SOMEBODY))
    assert found["authors"] == [{"name": 'The "Example" Group: Ä', "email": "us@example.org"}]
    assert found["repository-code"] == "https://github.com/example/a2bench"
    told = project_files.where_to_tell(SOMEBODY)
    assert told == (
        "- Write to us@example.org.\n"
        "- Or open a private report: https://github.com/example/a2bench/security/advisories/new\n"
    )


def test_only_github_is_known_to_take_private_reports() -> None:
    told = project_files.where_to_tell(replace(NOBODY, address="https://example.org/a2bench"))
    assert "advisories" not in told and "No contact has been set yet" in told


def test_the_readme_says_where_to_clone_from(tmp_path: Path) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'address = ""\n' in pyproject or PROJECT.address
    filled = pyproject.replace('address = ""\n', 'address = "https://example.org/a2bench/"\n')
    (tmp_path / "pyproject.toml").write_text(filled, encoding="utf-8")
    for name in ("README.md", "SECURITY.md"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    readme = project_files.texts(tmp_path)["README.md"]
    address = PROJECT.address or "https://example.org/a2bench"
    assert f"git clone {address} a2bench && cd a2bench" in readme
    (tmp_path / "SECURITY.md").write_text("no comments", encoding="utf-8")
    with pytest.raises(ValueError, match="SECURITY.md lacks its two comments"):
        project_files.texts(tmp_path)


def test_the_form_for_a_wrong_number_asks_for_the_run_and_the_command() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/number.yml").read_text(encoding="utf-8"))
    assert form["name"] == "My number looks wrong"
    asked = {part["id"]: part for part in form["body"] if "id" in part}
    assert "run.json" in asked["run"]["attributes"]["label"]
    for name in ("number", "command", "run"):
        assert asked[name]["validations"]["required"] is True


@pytest.mark.parametrize("name", ["bug", "number", "feature"])
def test_every_form_is_one_that_github_can_draw(name: str) -> None:
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text(encoding="utf-8"))
    assert form["name"] and form["description"] and form["labels"] == [name]
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0
    for part in form["body"]:
        assert part["type"] in ("markdown", "textarea", "input", "dropdown", "checkboxes")
        assert part["attributes"].get("value" if part["type"] == "markdown" else "label")
    assert any(part.get("validations", {}).get("required") for part in form["body"])
