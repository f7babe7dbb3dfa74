"""The part of a suite that needs nothing fetched: which cases it has, how it is named, and where it is counted."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from a2bench.base.data import fetched_path
from a2bench.cli.suites import suites_group
from a2bench.errors import CaseError, UnknownNameError
from a2bench.model.cases import ROLES, SPLITS, load_suite

ROOT = Path(__file__).parents[2]
V1 = load_suite("a2bench-v1")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(suites_group, [str(argument) for argument in arguments])


def catalogue(suite_path: Path, sources: dict[str, str]) -> None:
    """Give every image of the tiny suite a row; those that are not named come from us."""
    files = sorted(path.name for path in (suite_path.parent / "references").iterdir() if path.suffix == ".png")
    rows = [f"{file},CC0-1.0,us,{sources.get(file, 'drawn')}" for file in files]
    text = "\n".join(["file,licence,attribution,source", *rows]) + "\n"
    (suite_path.parent / "references" / "catalogue.csv").write_text(text)


def test_the_open_part_is_every_case_whose_images_lie_in_the_repository() -> None:
    beside = {c.id for c in V1.cases if all((ROOT / "references" / image.file).is_file() for image in c.images)}
    assert {case.id for case in load_suite("a2bench-v1:open").cases} == beside
    mini = load_suite("a2bench-mini")
    assert load_suite("a2bench-mini:open").cases == mini.cases


@pytest.mark.parametrize("name", ["a2bench-v1:dev:open", "a2bench-v1:open:dev"])
def test_open_goes_with_a_split_in_any_order(name: str) -> None:
    part = load_suite(name)
    assert (part.name, part.file_name) == ("a2bench-v1:dev:open", "a2bench-v1-dev-open")
    wanted = {case.id for case in load_suite("a2bench-v1:open").cases if case.split == "dev"}
    assert {case.id for case in part.cases} == wanted
    assert load_suite(part.address) == part and part.is_built_in


def test_open_goes_with_a_language_and_a_variant() -> None:
    assert load_suite("a2bench-v1:open:pt").language == "pt"
    assert load_suite("a2bench-v1:pt:open").name == "a2bench-v1:open:pt"
    short = load_suite("a2bench-v1:short:open:dev")
    assert short.name == "a2bench-v1:dev:open:short"
    assert all(case.split == "dev" and "variants" in case.tags for case in short.cases)


def test_an_image_of_another_kind_of_source_is_not_open_even_where_it_lies_beside_the_suite(suite_path: Path) -> None:
    catalogue(suite_path, {"object-1.png": "github:owner/name", "object-2.png": "pypi:name 1.0"})
    assert [case.id for case in load_suite(f"{suite_path}:open").cases] == ["case-0", "case-2"]


def test_what_was_fetched_does_not_open_a_case(suite_path: Path) -> None:
    image = load_suite(str(suite_path)).cases[0].elements[0].reference
    fetched = fetched_path(image.sha256, ".png")
    fetched.parent.mkdir(parents=True)
    shutil.move(image.path, fetched)
    assert image.path == fetched
    assert [case.id for case in load_suite(f"{suite_path}:open").cases] == ["case-1", "case-2"]


def test_second_views_and_cutouts_count_too(suite_path: Path) -> None:
    catalogue(suite_path, {"object-0.png": "github:owner/name"})
    lines = [json.loads(line) for line in suite_path.read_text("utf-8").splitlines()]
    hidden = lines[0]["elements"][1]["reference"]
    lines[1]["elements"][0]["second_views"] = [hidden]
    lines[2]["elements"][0]["cutout"] = hidden
    suite_path.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    with pytest.raises(UnknownNameError, match="unknown part of suite 'tiny' 'open'"):
        load_suite(f"{suite_path}:open")


def test_a_catalogue_that_cannot_be_read_is_named(suite_path: Path) -> None:
    (suite_path.parent / "references" / "catalogue.csv").write_bytes(b"file\n\xff\n")
    with pytest.raises(CaseError, match=r"catalogue.csv cannot be read as CSV in UTF-8"):
        load_suite(f"{suite_path}:open")


def test_commands_count_the_open_part() -> None:
    numbers: dict[str, int] = {split: sum(case.split == split for case in V1.open_cases()) for split in SPLITS}
    total = sum(numbers.values())
    three = sum({element.role for element in case.elements} == set(ROLES) for case in V1.open_cases())
    row = next(row for row in json.loads(run("list", "--json").stdout)["suites"] if row["suite"] == "a2bench-v1")
    assert row["open"] == {"cases": total, "all_roles": three, **numbers}
    assert f"{len(V1.cases)} cases, {total:>3} open" in run("list").stdout
    shown = run("show", "a2bench-v1:open", "--json")
    assert json.loads(shown.stdout)["num_cases"] == json.loads(shown.stdout)["open"]["cases"] == total
    assert shown.stderr == ""  # nothing is missing, so nothing has to be fetched
    words = ", ".join(f"{split} {number}" for split, number in numbers.items())
    line = f"Open: {total} of {len(V1.cases)} cases need nothing fetched ({words}), {three} of them with"
    assert line in run("check", "a2bench-v1", "--no-looks").stdout


ADDRESSES = ["a2bench-mini", "a2bench-mini:open"] + [
    ":".join(filter(None, ["a2bench-v1", *parts])) for parts in product(["", *SPLITS], ["", "open"])
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_first_case_shows_all_three_roles_and_the_first_four_a_person_too(address: str) -> None:
    first = load_suite(address).select(limit=4).cases
    assert {element.role for element in first[0].elements} == set(ROLES)
    assert any("human" in case.tags for case in first)
    assert len({element.reference.sha256 for case in first for element in case.elements}) > 8
