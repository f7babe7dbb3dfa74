"""Made-up samples in the published form of each set become suites; what cannot is named with its place."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from a2bench.cli.suites import suites_group
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import load_suite
from tests.conftest import draw_reference


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(suites_group, ["import", *(str(argument) for argument in arguments)])


def pictures(folder: Path, *files: str) -> None:
    for number, file in enumerate(files):
        draw_reference(folder / file, number, cutout=False)


OPENS2V = {
    # The form of Open-Domain_Eval.json of OpenS2V-Eval v1.1: same keys, folders, spelling of flags; other words.
    "faceobj_1": {
        "img_paths": [
            "Images/humanobj/human/crop_woman/synthesis/4.jpg",
            "Images/humanobj/thing/ball/2.jpg",
            "Images/humanobj/environment/park/14.jpg",
        ],
        "prompt": "A young lady throws a red ball across the park.\n\nThe ball bounces twice.",
        "synthesis_flag": "Wrong",
        "class_label": ["Woman", "Ball", "Park"],
    },
    "singleobj_2": {
        "img_paths": ["Images/singleobject/bike/3.jpg"],
        "prompt": "A person pedals a bicycle along a quiet street.",
        "synthesis_flag": "wrong",
        "class_label": ["Bike"],
    },
    "multihuman_1": {
        "img_paths": ["Images/multihuman/man/1.jpg", "Images/multihuman/man/2.jpg"],
        "prompt": "An old man hands a boy a letter.",
        "synthesis_flag": "True",
        "class_label": ["Man", "Man"],
    },
}


@pytest.fixture
def opens2v(tmp_path: Path) -> Path:
    folder = tmp_path / "OpenS2V-Eval"
    pictures(folder, *(path for record in OPENS2V.values() for path in record["img_paths"]))
    (folder / "Open-Domain_Eval.json").write_text(json.dumps(OPENS2V))
    return folder


def test_opens2v_records_without_words_of_their_own_refuse_the_set_and_a_table_asks_for_them(
    opens2v: Path, tmp_path: Path
) -> None:
    result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out")
    assert isinstance(result.exception, CaseError)
    message = str(result.exception)
    assert "Open-Domain_Eval.json record 'singleobj_2': no words of its own in the prompt for 'Bike'" in message
    assert "or leave them out with --skip (then 2 cases remain)" in message
    table = tmp_path / "out" / "open-domain_eval.phrases.csv"
    assert not (tmp_path / "out" / "open-domain_eval.jsonl").exists()
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [(row["id"], row["element"], row["phrase"]) for row in rows] == [("singleobj_2", "1", "")]
    rows[0]["phrase"] = "bicycle"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    terms = ["--licence", "CC-BY-4.0", "--attribution", "OpenS2V authors", "--source", "hub"]
    result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out", "--phrases", table, *terms)
    assert result.exit_code == 0, result.output
    suite = load_suite(str(tmp_path / "out" / "open-domain_eval.jsonl"))
    assert [case.id for case in suite.cases] == ["faceobj_1", "singleobj_2", "multihuman_1"]
    first = suite.cases[0]
    assert [(e.role, e.phrase) for e in first.elements] == [
        ("character", "lady"),
        ("object", "ball"),
        ("background", "park"),
    ]
    assert first.prompt == "A young lady throws a red ball across the park. The ball bounces twice."
    assert first.tags == ("opens2v-faceobj",)
    assert [element.phrase for element in suite.cases[2].elements] == ["man", "boy"]
    for case in suite.cases:
        for element in case.elements:
            element.reference.verified_path()


def test_skipping_keeps_the_rest_and_says_what_was_left_out(opens2v: Path, tmp_path: Path) -> None:
    result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out", "--skip", "--name", "mine", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document["imported"] == 2
    assert list(document["left_out"]) == ["Open-Domain_Eval.json record 'singleobj_2'"]
    assert document["check"]["errors"] == 0
    assert (tmp_path / "out" / "mine.jsonl").is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_label": ["Bike", "Street"]}, "has 1 img_paths but 2 class_label"),
        ({"prompt": None}, "'prompt' is None; expected text"),
        ({"img_paths": ["../../etc/passwd"]}, "is not a path below"),
        ({"img_paths": ["Images/none.jpg"], "class_label": ["bicycle"]}, "no image 'Images/none.jpg' in"),
        ({"img_paths": [7]}, "expected a list of texts"),
    ],
)
def test_a_broken_record_is_named(opens2v: Path, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    record = {**OPENS2V["singleobj_2"], "class_label": ["bicycle"], **change}
    (opens2v / "Open-Domain_Eval.json").write_text(json.dumps({"singleobj_2": record}))
    result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out")
    assert isinstance(result.exception, CaseError)
    assert "record 'singleobj_2': " in str(result.exception)
    assert words in str(result.exception)


def test_a_link_that_leads_out_of_the_set_is_refused(opens2v: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    draw_reference(secret, 1, cutout=False)
    image = opens2v / "Images/humanobj/thing/ball/2.jpg"
    image.unlink()
    image.symlink_to(secret)
    result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out")
    assert "is a link that leads out of" in str(result.exception)


def test_a2_bench_folders_give_roles_and_classes(tmp_path: Path) -> None:
    """Folders as in the example addresses of the official Space; the names of fields are not published."""
    folder = tmp_path / "A2-Bench"
    record = {
        "caption": "A man is holding a teddy bear in the forest.",
        "human": "human_masked/man/commoner/1.png",
        "thing": "thing/teddy_bear/3.png",
        "environment": "environment/forest/2.png",
    }
    pictures(folder, *(record[key] for key in ("human", "thing", "environment")))
    (folder / "cases.jsonl").write_text(json.dumps(record) + "\n")
    terms = ["--licence", "x", "--attribution", "x", "--source", "x"]
    result = run(folder, "--format", "a2-bench", "-o", tmp_path / "out", *terms)
    assert result.exit_code == 0, result.output
    (case,) = load_suite(str(tmp_path / "out" / "cases.jsonl")).cases
    assert [(e.role, e.phrase) for e in case.elements] == [
        ("character", "man"),
        ("object", "teddy bear"),
        ("background", "forest"),
    ]


def test_names_of_fields_can_be_set_and_a_place_is_only_suggested(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    record = {"nr": 7, "words": "A cat naps in the old barn.", "who": ["who/cat/1.png"], "where": "place/Special/1.png"}
    pictures(folder, "who/cat/1.png", "place/Special/1.png")
    (folder / "list.json").write_text(json.dumps([record]))
    plain = run(folder, "--format", "a2-bench", "-o", tmp_path / "out")
    assert "record 1: has no image in 'character', 'object', 'background'; its fields are nr, words, who, where" in str(
        plain.exception
    )
    fields = [f"--field={pair}" for pair in ("id=nr", "prompt=words", "character=who", "background=where")]
    mapped = run(folder, "--format", "a2-bench", "-o", tmp_path / "out", *fields)
    assert "no words of its own in the prompt for 'Special'" in str(mapped.exception)
    rows = list(csv.DictReader((tmp_path / "out" / "list.phrases.csv").read_text().splitlines()))
    assert (rows[0]["id"], rows[0]["element"], rows[0]["suggestion"]) == ("7", "2", "the old barn")


def test_a_table_of_ones_own_may_name_everything(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    pictures(folder, "a.png", "b.png", "c.png", "d.png")
    (folder / "cases.csv").write_text(
        "id,prompt,character,character_phrase,character_views,object,object_phrase,tags,split,seconds\n"
        'one,"A fox, sly, finds a hat.",a.png,fox,b.png;c.png,d.png,hat,animal;hold,dev,4.5\n'
    )
    terms = ["--licence", "CC0-1.0", "--attribution", "me", "--source", "camera"]
    result = run(folder / "cases.csv", "--format", "csv", "-o", tmp_path / "out", *terms)
    assert result.exit_code == 0, result.output
    (case,) = load_suite(str(tmp_path / "out" / "cases.jsonl")).cases
    assert [view.file for view in case.elements[0].second_views] == ["b.png", "c.png"]
    assert (case.tags, case.split, case.seconds) == (("animal", "hold"), "dev", 4.5)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("one,A fox runs.,a.png,", "cases.csv line 3: column 'character_phrase' is empty"),
        ("one,A fox runs.,a.png,wolf", "line 3: the phrase 'wolf' of the character does not stand in the prompt"),
        ("one,A fox runs.,,", "line 3: has no image; expected one in a column"),
        ("One!,A fox runs.,a.png,fox", "line 3: id: String should match pattern"),
        ("one,A fox runs.,a.png,fox,more", "cases.csv line 3 has more cells than columns"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, row: str, words: str) -> None:
    pictures(tmp_path, "a.png")
    path = tmp_path / "cases.csv"
    path.write_text(f"id,prompt,character,character_phrase\nzero,A fox sits.,a.png,fox\n{row}\n")
    assert words in str(run(path, "--format", "csv", "-o", tmp_path / "out").exception)


def test_what_cannot_be_read_at_all_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,text\n")
    assert "a.csv has no column 'id' and no 'prompt'; its columns are: name, text" in str(
        run(tmp_path / "a.csv", "--format", "csv", "-o", tmp_path / "out").exception
    )
    (tmp_path / "b.json").write_text("{")
    assert "b.json line 1 is not JSON" in str(
        run(tmp_path / "b.json", "--format", "opens2v", "-o", tmp_path / "out").exception
    )
    nowhere = run(tmp_path / "c.json", "--format", "opens2v", "-o", tmp_path / "out").exception
    assert isinstance(nowhere, InputError)
    (tmp_path / "d.csv").write_text("id,prompt\n")
    assert "has 2 lists of cases (.csv): a.csv, d.csv; name one" in str(
        run(tmp_path, "--format", "csv", "-o", tmp_path / "out").exception
    )


def csv_set(folder: Path, *records: tuple[str, str], shade: int) -> Path:
    """A list of cases, each with one image of a file name that other lists have too."""
    for number, (_, image) in enumerate(records):
        draw_reference(folder / image, shade + number, cutout=False)
    lines = [f"{case},A ball rolls away.,{image},A ball" for case, image in records]
    (folder / f"{folder.name}.csv").write_text("\n".join(["id,prompt,object,object_phrase", *lines]) + "\n")
    return folder / f"{folder.name}.csv"


def test_a_second_suite_in_the_same_folder_leaves_the_first_one_whole(tmp_path: Path) -> None:
    out, terms = tmp_path / "out", ("--licence", "CC0-1.0", "--attribution", "us", "--source", "here")
    first = csv_set(tmp_path / "first", ("a", "1.png"), ("b", "2.png"), shade=0)
    assert run(first, "--format", "csv", "-o", out, *terms).exit_code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    other = run(csv_set(tmp_path / "other", ("c", "3.png"), ("d", "2.png"), shade=50), "--format", "csv", "-o", out)
    assert isinstance(other.exception, InputError)
    assert "2.png is there already and is another image" in str(other.exception)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before

    second = csv_set(tmp_path / "second", ("e", "4.png"), shade=70)
    assert run(second, "--format", "csv", "-o", out).exit_code == 0
    rows = list(csv.DictReader((out / "references/catalogue.csv").read_text().splitlines()))
    assert [(row["file"], row["licence"]) for row in rows] == [
        ("1.png", "CC0-1.0"),
        ("2.png", "CC0-1.0"),
        ("4.png", ""),
    ]
    for name in ("first", "second"):
        for case in load_suite(str(out / f"{name}.jsonl")).cases:
            case.elements[0].reference.verified_path()


def test_two_records_that_become_one_id_are_both_named(tmp_path: Path) -> None:
    listed = csv_set(tmp_path / "set", ("a", "1.png"), ("a", "2.png"), shade=0)
    result = run(listed, "--format", "csv", "-o", tmp_path / "out")
    assert isinstance(result.exception, CaseError)
    assert "has the id 'a' of an earlier record" in str(result.exception)


def test_phrases_that_a_person_filled_in_are_never_written_over(opens2v: Path, tmp_path: Path) -> None:
    records = {**OPENS2V, "singleobj_3": {**OPENS2V["singleobj_2"], "class_label": ["Cycle"]}}
    (opens2v / "Open-Domain_Eval.json").write_text(json.dumps(records))
    run(opens2v, "--format", "opens2v", "-o", tmp_path / "out")
    table = tmp_path / "out" / "open-domain_eval.phrases.csv"
    table.write_text(table.read_text().replace("quiet street.,,", "quiet street.,bicycle,", 1))
    for phrases in ((), ("--phrases", table)):
        result = run(opens2v, "--format", "opens2v", "-o", tmp_path / "out", *phrases)
        assert isinstance(result.exception, CaseError)
        rows = {row["id"]: row["phrase"] for row in csv.DictReader(table.read_text().splitlines())}
        assert rows["singleobj_2"] == "bicycle" and rows["singleobj_3"] == ""
