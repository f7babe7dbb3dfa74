"""The tables of the datasheet say what the files say."""

from pathlib import Path

from click.testing import CliRunner

from a2bench.cli.suites import suites_group
from a2bench.model.cases import load_suite
from a2bench.model.catalogue import read_catalogue
from a2bench.suites.datasheet import datasheet_tables
from a2bench.suites.pack import suite_images


def test_the_tables_of_the_published_suite_are_current() -> None:
    suite = load_suite("a2bench-v1")
    path = suite.path.with_name("a2bench-v1.files.md")
    assert path.read_text("utf-8") == datasheet_tables(suite), "type `a2bench suites datasheet a2bench-v1`"


def test_every_image_stands_in_the_tables_with_its_licence_and_author() -> None:
    suite = load_suite("a2bench-v1")
    rows = read_catalogue(suite.references_dir)
    lines = datasheet_tables(suite).splitlines()
    for file in suite_images(suite):
        (line,) = [line for line in lines if line.startswith(f"| {file} |")]
        assert rows[file].licence in line and rows[file].attribution.replace("|", "/") in line


def test_a_changed_suite_makes_the_tables_old(suite_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(suites_group, ["datasheet", str(suite_path), "--check"]).exit_code == 1
    assert runner.invoke(suites_group, ["datasheet", str(suite_path)]).exit_code == 0
    assert runner.invoke(suites_group, ["datasheet", str(suite_path), "--check"]).exit_code == 0
    suite_path.write_text("\n".join(suite_path.read_text("utf-8").splitlines()[:2]), "utf-8")
    result = runner.invoke(suites_group, ["datasheet", str(suite_path), "--check"])
    assert result.exit_code == 1 and "not current; type `a2bench suites datasheet" in result.stdout
