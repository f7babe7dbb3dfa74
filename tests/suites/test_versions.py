"""One version of a suite is one content: what changes is found, named, and needs a new version."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from a2bench.cli.suites import suites_group
from a2bench.errors import InputError
from a2bench.model.cases import load_suite
from a2bench.suites.check import check_suite_file
from a2bench.suites.diff import diff_suites
from a2bench.suites.header import read_header, write_version


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(suites_group, [str(argument) for argument in arguments])


def rewrite(path: Path, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    change(cases)
    path.write_text("\n".join(map(json.dumps, cases)) + "\n", "utf-8")


@pytest.fixture
def versioned(suite_path: Path) -> Path:
    rows = [f"{p.name},CC0-1.0,us,drawn" for p in sorted((suite_path.parent / "references").iterdir())]
    (suite_path.parent / "references" / "catalogue.csv").write_text(
        "\n".join(["file,licence,attribution,source", *rows]) + "\n"
    )
    write_version(load_suite(str(suite_path)), "1.0")
    return suite_path


def version_errors(path: Path) -> list[str]:
    return [f.message for f in check_suite_file(str(path), look=False).errors if "the version is still" in f.message]


def test_an_unchanged_suite_is_what_its_version_says(versioned: Path) -> None:
    assert version_errors(versioned) == []
    result = run("version", versioned)
    assert result.exit_code == 0 and result.stdout.startswith("tiny 1.0: 3 cases, 9 images, revision ")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda cases: cases[0].update(prompt=cases[0]["prompt"].replace("In scene", "On stage")), "its cases"),
        (lambda cases: cases[1]["tags"].append("new"), "its cases"),
        (lambda cases: cases.reverse(), "its cases"),
        (lambda cases: cases[2].update(seeds=[4]), "its cases"),
        (lambda cases: cases.pop(), "its cases and its images or their licences"),
    ],
)
def test_any_changed_case_needs_a_new_version(
    versioned: Path, change: Callable[[list[dict[str, Any]]], Any], part: str
) -> None:
    rewrite(versioned, change)
    (message,) = version_errors(versioned)
    assert message.startswith(f"{part} changed, but the version is still 1.0; type `a2bench suites version ")
    assert run("version", versioned).exit_code == 2
    assert run("version", versioned, "1.0.1").exit_code == 0
    assert version_errors(versioned) == []


def test_a_changed_licence_needs_a_new_version(versioned: Path) -> None:
    catalogue = versioned.parent / "references" / "catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace("object-1.png,CC0-1.0", "object-1.png,CC-BY-4.0"))
    assert version_errors(versioned)[0].startswith("its images or their licences changed")


def test_a_version_that_was_given_out_is_for_ever(versioned: Path) -> None:
    rewrite(versioned, lambda cases: cases.pop())
    with pytest.raises(InputError, match="version 1.0 of tiny was given out with other contents"):
        write_version(load_suite(str(versioned)), "1.0")
    for lower in ("0.9", "1.0-draft", "1.0.0"):
        with pytest.raises(InputError, match=f"{lower} is not higher than 1.0"):
            write_version(load_suite(str(versioned)), lower)
    with pytest.raises(InputError, match="'two' is not a version"):
        write_version(load_suite(str(versioned)), "two")


def test_a_draft_may_be_written_over_and_releases_are_kept(versioned: Path) -> None:
    rewrite(versioned, lambda cases: cases.pop())
    write_version(load_suite(str(versioned)), "1.1-draft")
    rewrite(versioned, lambda cases: cases.pop())
    write_version(load_suite(str(versioned)), "1.1-draft")
    write_version(load_suite(str(versioned)), "1.1")
    header = read_header(versioned)
    assert header is not None
    assert [(release.version, release.contents.cases) for release in header.releases] == [("1.0", 3), ("1.1", 1)]


def test_people_write_title_and_licence_and_a_new_version_keeps_them(versioned: Path) -> None:
    path = versioned.with_name("tiny.suite.json")
    path.write_text(path.read_text().replace('"title": ""', '"title": "Tiny things"'))
    assert write_version(load_suite(str(versioned)), "1.1").title == "Tiny things"


def test_a_header_with_an_unknown_key_is_one_sentence(versioned: Path) -> None:
    path = versioned.with_name("tiny.suite.json")
    path.write_text(path.read_text().replace('"title"', '"titel"'))
    messages = [finding.message for finding in check_suite_file(str(versioned), look=False).errors]
    assert "tiny.suite.json: titel: Extra inputs are not permitted" in messages


def test_a_diff_names_fields_as_people_do(versioned: Path, tmp_path: Path) -> None:
    old = load_suite(str(versioned))
    new_path = versioned.with_name("tiny-2.jsonl")
    new_path.write_bytes(versioned.read_bytes())

    def change(cases: list[dict[str, Any]]) -> None:
        cases[0]["elements"][1]["phrase"] = "ball"
        for image in ("reference", "cutout"):
            cases[1]["elements"][0][image]["sha256"] = "0" * 64
        cases[2]["id"] = "case-9"

    rewrite(new_path, change)
    diff = diff_suites(old, load_suite(str(new_path)))
    assert (diff.added, diff.removed, diff.images_changed) == (("case-9",), ("case-2",), ("character-1.png",))
    assert [change.field for change in diff.changed["case-0"]] == ["elements.object.phrase"]
    assert [change.field for change in diff.changed["case-1"]] == [
        "elements.character.reference.sha256",
        "elements.character.cutout.sha256",
    ]
    result = run("diff", versioned, new_path)
    assert result.exit_code == 1
    assert '    elements.object.phrase\n      - "a striped ball"\n      + "ball"\n' in result.stdout
    assert "1 cases added, 1 removed, 2 changed; 1 images differ" in result.stdout
    document = json.loads(run("diff", versioned, new_path, "--json").stdout)
    assert document["changed"]["case-0"][0]["new"] == "ball"


def test_another_order_is_a_difference_and_nothing_is_none(versioned: Path) -> None:
    assert run("diff", versioned, versioned).exit_code == 0
    other = versioned.with_name("turned.jsonl")
    other.write_bytes(versioned.read_bytes())
    rewrite(other, lambda cases: cases.reverse())
    result = run("diff", versioned, other)
    assert result.exit_code == 1 and "the cases stand in another order" in result.stdout
