"""Suites of earlier releases: cases, header, looks and pack in the formats of then, and a project file."""

import json
import shutil
from pathlib import Path

from frozen_data import A2Bench, Frozen, fresh_a2bench

SUITE = "suites/tiny.jsonl"


def test_a_suite_is_what_its_version_says(frozen: Frozen, a2bench: A2Bench) -> None:
    found = a2bench(frozen.place, "suites", "version", SUITE, "--json")
    assert found.code == 0, found
    header = json.loads((frozen.place / "suites/tiny.suite.json").read_text(encoding="utf-8"))
    assert json.loads(found.out)["version"] == header["version"] == "1.0"
    assert header["contents"]["revision"] in found.out  # of the cases as they are read now


def test_a_suite_is_checked(frozen: Frozen, a2bench: A2Bench) -> None:
    result = a2bench(frozen.place, "suites", "check", SUITE, "--json")
    assert result.code == 0, result
    (suite,) = json.loads(result.out)["suites"]
    assert (suite["cases"], suite["images"], suite["errors"]) == (2, 9, 0)


def test_parts_of_a_suite_are_shown(frozen: Frozen, a2bench: A2Bench, tmp_path: Path) -> None:
    for part, words in (("", "calm sea at night"), (":short", "green hills."), (":dev:pt", "robot-kite-hills")):
        shown = a2bench(frozen.place, "suites", "show", SUITE + part, "-o", tmp_path / "sheet.jpg")
        assert shown.code == 0 and words in " ".join(shown.out.split()), shown


def test_a_pack_brings_the_images_of_a_suite(working: Frozen, a2bench: A2Bench) -> None:
    references = working.place / "suites/references"
    for image in references.glob("*.[jp][pn]g"):
        image.unlink()
    pack = ["--from", "suites/tiny-references.zip"]
    fetched = a2bench(working.place, "suites", "fetch", SUITE, *pack)
    assert fetched.code == 0, fetched
    checked = a2bench(working.place, "suites", "check", SUITE, "--no-looks", "--json")
    assert checked.code == 0, checked
    assert json.loads(checked.out)["suites"][0]["errors"] == 0


def test_a_suite_differs_from_its_old_self_by_what_was_changed(working: Frozen, a2bench: A2Bench) -> None:
    old = working.place / "suites"
    shutil.copytree(old, working.place / "new")
    cases = (old / "tiny.jsonl").read_text(encoding="utf-8")
    (working.place / "new/tiny.jsonl").write_text(cases.replace("The camera is still.", "It rains."), encoding="utf-8")
    found = a2bench(working.place, "suites", "diff", SUITE, "new/tiny.jsonl")
    assert found.code == 1 and "It rains." in found.out
    assert a2bench(working.place, "suites", "diff", SUITE, SUITE).code == 0


def test_a_project_file_still_says_what_a_command_does(frozen: Frozen) -> None:
    def planned(*arguments: str) -> tuple[dict[str, int], str]:
        document = fresh_a2bench(frozen.place / "project", "eval", *arguments, "--dry-run", "--json").document
        return document["stages"]["generate"]["states"], document["run"]

    assert planned() == ({"done": 1}, "runs/night")
    assert planned("--seeds", "8") == ({"new": 1}, "runs/night")
    assert planned("--seeds", "7-8", "-o", "elsewhere") == ({"new": 2}, "elsewhere")
    manifest = json.loads((frozen.place / "project/runs/night/run.json").read_text(encoding="utf-8"))
    assert manifest["settings"] | {"width": 64, "height": 48, "num_frames": 6} == manifest["settings"]
    assert (manifest["seeds"], manifest["origins"]["seeds"]) == ([7], "project file")


def test_commands_that_know_fewer_options_take_the_project_file_too(
    frozen: Frozen, a2bench: A2Bench, tmp_path: Path
) -> None:
    for words in ("score runs/night --dry-run", f"report runs/night -o {tmp_path / 'report'}", "cost runs/night",
                  "systems list", "suites list"):  # fmt: skip
        result = a2bench(frozen.place / "project", *words.split())
        assert result.code == 0, result
