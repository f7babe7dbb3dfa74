"""What a2bench-v1 promises beyond the checks of every suite: its plan is reached, and its splits share nothing."""

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from a2bench.base.data import data_dir
from a2bench.model.cases import ROLES, SPLITS, Case, load_suite

SUITE = load_suite("a2bench-v1")
FAMILIES = ("film", "riverside", "window-sill", "garments")
"""Values of ``look_alikes`` that name one film, place or renderer rather than things one could mistake."""


def elements() -> list[dict[str, str]]:
    with (data_dir("references") / "elements.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def files(case: Case) -> set[str]:
    return {
        image.file
        for element in case.elements
        for image in (element.reference, *element.second_views, *filter(None, [element.cutout]))
    }


def plan() -> dict[str, tuple[int, ...]]:
    """Tag to (at least, reached, open, in mini, in dev, in test), from the table in prompts/README.md."""
    text = (data_dir("prompts") / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) / (\d+) / (\d+) \|", text, re.M)
    return {tag: tuple(map(int, numbers)) for tag, *numbers in rows}


def test_every_target_of_the_plan_is_reached_and_the_table_tells_the_truth() -> None:
    assert len(plan()) > 30
    for tag, (least, reached, is_open, *by_split) in plan().items():
        counts = Counter(case.split for case in SUITE.cases if tag in case.tags)
        assert [counts[split] for split in SPLITS] == by_split, tag
        assert counts.total() == reached >= least, tag
        assert sum(tag in case.tags for case in SUITE.open_cases()) == is_open, tag


def test_the_open_part_has_120_cases_and_60_of_them_all_three_roles() -> None:
    cases = SUITE.open_cases()
    assert len(cases) >= 120
    assert sum({element.role for element in case.elements} == set(ROLES) for case in cases) >= 60
    assert {case.split for case in cases} == set(SPLITS)
    text = (data_dir("prompts") / "README.md").read_text(encoding="utf-8")
    assert f"{len(cases)} need nothing fetched" in text


def test_no_two_cases_show_the_same_elements() -> None:
    shown = Counter(frozenset(e.reference.file for e in case.elements) for case in SUITE.cases)
    assert [files for files, number in shown.items() if number > 1] == []


def test_every_phrase_stands_once_in_its_prompt() -> None:
    for case in SUITE.cases:
        for element in case.elements:
            assert case.prompt.count(element.phrase) == 1, (case.id, element.phrase)


def test_there_are_enough_cases_and_most_join_a_character_an_object_and_a_place() -> None:
    assert len(SUITE.cases) >= 200
    roles = [{element.role for element in case.elements} for case in SUITE.cases]
    assert sum(len(found) == 3 for found in roles) >= 120
    assert [sum(case.split == split for case in SUITE.cases) for split in SPLITS] == [26, 110, 172]
    for split in SPLITS:
        part = [found for case, found in zip(SUITE.cases, roles, strict=True) if case.split == split]
        assert 0.6 <= sum(len(found) == 3 for found in part) / len(part) <= 0.7


def test_no_image_and_no_look_alike_stands_in_two_splits() -> None:
    group_of = {row["file"]: row["look_alikes"].split(";") for row in elements() if row["look_alikes"]}
    splits: dict[str, set[str | None]] = defaultdict(set)
    for case in SUITE.cases:
        for file in files(case):
            splits[file].add(case.split)
        for element in case.elements:
            for group in group_of.get(element.reference.file, ()):
                splits[f"group {group}"].add(case.split)
    assert {name for name, found in splits.items() if len(found) > 1} == set()


def test_dev_and_test_use_no_image_of_a2bench_mini() -> None:
    mini = {file for case in load_suite("a2bench-mini").cases for file in files(case)}
    assert {case.id for case in SUITE.cases if case.split != "mini" and files(case) & mini} == set()


def test_look_alikes_meet_only_where_tagged() -> None:
    group_of = {row["file"]: set(row["look_alikes"].split(";")) - {"", *FAMILIES} for row in elements()}
    for case in SUITE.cases:
        groups = [group for element in case.elements for group in group_of[element.reference.file]]
        assert (len(groups) > len(set(groups))) == ("look-alikes" in case.tags), case.id


def test_every_element_is_described_in_the_table() -> None:
    rows = {row["file"]: row for row in elements()}
    assert len(rows) == len(elements())
    for case in SUITE.cases:
        for element in case.elements:
            row = rows[element.reference.file]
            assert (row["role"], row["split"]) == (element.role, case.split), case.id
            assert row["visible"], element.reference.file
            assert row["excluded"] == "", element.reference.file
            assert row["second_views"] == ";".join(view.file for view in element.second_views)
            assert row["cutout"] == (element.cutout.file if element.cutout else "")


def test_every_collected_image_is_used_or_has_a_reason_against_it() -> None:
    folder = Path(__file__).parents[3] / "shared" / "media" / "references"
    if not folder.is_dir():
        pytest.skip("the collected images, shared/media/references, are not beside the repository")
    known = {file for row in elements() for file in (row["file"], *row["second_views"].split(";"))}
    assert {f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")} <= known
    assert all(row["excluded"] for row in elements() if not row["split"])


def test_prompts_have_a_camera_one_to_three_sentences_and_15_to_60_words() -> None:
    for case in SUITE.cases:
        assert 15 <= len(case.prompt.split()) <= 60, case.id
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", case.prompt)) <= 3, case.id
        assert any(tag.startswith("camera-") for tag in case.tags), case.id


def test_articles_fit_the_words_that_follow() -> None:
    for case in SUITE.cases:
        for prompt in (case.prompt, *case.variants.values()):
            for article, word in re.findall(r"\b([Aa]n?) (\w+)", prompt):
                vowel = word[0].lower() in "aeiou" and not re.match(r"(one|uni|us|eu)", word.lower())
                assert (article.lower() == "an") == vowel, f"{case.id}: {article} {word}"


def test_every_case_has_seeds_and_some_have_variants_and_translations() -> None:
    assert {case.seeds for case in SUITE.cases} == {(0, 1, 2)}
    varied = [case for case in SUITE.cases if "variants" in case.tags]
    assert [set(case.variants) for case in varied] == [{"short", "long", "paraphrase"}] * 40
    for case in varied:
        wordings = (case.variants["short"], case.prompt, case.variants["long"])
        short, plain, long = (len(text.split()) for text in wordings)
        assert short < plain < long, case.id
    translated = [case for case in SUITE.cases if "translated" in case.tags]
    assert [set(case.translations) for case in translated] == [{"pt", "zh"}] * 20


def test_dev_and_test_show_no_photograph_of_a_real_person() -> None:
    kinds = {row["file"]: (row["kind"], row["style"]) for row in elements()}
    shown = {kinds[element.reference.file] for case in SUITE.cases if case.split != "mini" for element in case.elements}
    assert {style for kind, style in shown if kind == "human"} == {"synthetic-face", "illustrated"}
