import json
from pathlib import Path
from typing import Any

import pytest

from a2bench.base.hashing import file_sha256
from a2bench.errors import CaseError, UnknownNameError
from a2bench.model.cases import load_suite, read_suite, suite_paths


def case(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    image = tmp_path / "references" / "dog.png"
    image.parent.mkdir(exist_ok=True)
    image.write_bytes(b"any bytes")
    reference = {"file": "dog.png", "sha256": file_sha256(image)}
    element = {"role": "character", "phrase": "brown dog", "reference": reference}
    return {"id": "dog", "prompt": "A brown dog runs.", "elements": [element], **changes}


def write(tmp_path: Path, *lines: Any) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return str(path)


def test_a_suite_is_loaded_with_its_references(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, case(tmp_path)))
    assert suite.name == "mine"
    assert suite.cases[0].elements[0].reference.verified_path() == tmp_path / "references" / "dog.png"


def test_every_built_in_suite_is_read() -> None:
    assert suite_paths()
    for name in suite_paths():
        assert load_suite(name).cases


def test_broken_json_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"mine\.jsonl line 2 is not JSON: .* at column 8"):
        load_suite(write(tmp_path, case(tmp_path), '{"id": nope}'))


def test_a_misspelt_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="line 1: promt: Extra inputs are not permitted"):
        load_suite(write(tmp_path, case(tmp_path, promt="A brown dog sleeps.")))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    line = json.dumps(case(tmp_path)).replace('"id"', '"id": "cat", "id"', 1)
    with pytest.raises(CaseError, match="line 1: the key 'id' stands twice"):
        load_suite(write(tmp_path, line))


def test_json_that_nests_without_end_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "references").mkdir()
    with pytest.raises(CaseError, match="line 1 is nested too deeply"):
        load_suite(write(tmp_path, "[" * 200_000))


def test_a_phrase_outside_the_prompt_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="the phrase 'brown dog' of the character does not stand in the prompt"):
        load_suite(write(tmp_path, case(tmp_path, prompt="A dog runs.")))


def test_two_backgrounds_are_an_error(tmp_path: Path) -> None:
    elements = [{**case(tmp_path)["elements"][0], "role": "background"}] * 2
    with pytest.raises(CaseError, match="at most one background"):
        load_suite(write(tmp_path, case(tmp_path, elements=elements)))


def test_a_duplicate_id_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="line 3: case 'dog' was already defined in line 1"):
        load_suite(write(tmp_path, case(tmp_path), "", case(tmp_path)))


@pytest.mark.parametrize("file", ["../dog.png", "/etc/passwd", "a/../../dog.png"])
def test_a_path_outside_references_is_refused(tmp_path: Path, file: str) -> None:
    elements = [{**case(tmp_path)["elements"][0], "reference": {"file": file, "sha256": "0" * 64}}]
    with pytest.raises(CaseError, match="must be a path below the references folder"):
        load_suite(write(tmp_path, case(tmp_path, elements=elements)))


def test_changed_bytes_are_refused_with_the_files_name(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, case(tmp_path)))
    (tmp_path / "references" / "dog.png").write_bytes(b"other bytes")
    with pytest.raises(CaseError, match=r"reference 'dog\.png' has SHA-256"):
        suite.cases[0].elements[0].reference.verified_path()


def test_all_broken_lines_are_collected(tmp_path: Path) -> None:
    cases, errors = read_suite(Path(write(tmp_path, "{", case(tmp_path), '{"id": "x"}')))
    assert [found.id for found in cases] == ["dog"]
    assert [str(error).split(":")[0].split(" is")[0] for error in errors] == ["mine.jsonl line 1", "mine.jsonl line 3"]


def test_a_byte_order_mark_and_line_separators_in_a_prompt_are_accepted(tmp_path: Path) -> None:
    text = json.dumps(case(tmp_path, prompt="A brown dog runs.\u2028Still."), ensure_ascii=False)
    path = tmp_path / "mine.jsonl"
    path.write_text("\ufeff" + text + "\r\n", "utf-8")
    assert len(load_suite(str(path)).cases) == 1


def test_an_empty_file_is_no_suite(tmp_path: Path) -> None:
    (tmp_path / "references").mkdir()
    with pytest.raises(CaseError, match="has no cases"):
        load_suite(write(tmp_path, ""))


def test_a_file_without_references_folder_says_where_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(CaseError, match="no folder 'references' beside"):
        load_suite(write(tmp_path / "a" / "b", "{}"))


def test_an_unknown_suite_suggests_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'a2bench-mini'"):
        load_suite("a2bench-mimi")


def test_the_revision_changes_with_the_references_bytes_but_not_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = load_suite(write(tmp_path / "one", case(tmp_path / "one")))
    two = load_suite(write(tmp_path / "two", case(tmp_path / "two")))
    assert one.revision == two.revision
    other = case(tmp_path / "two")
    other["elements"][0]["reference"]["sha256"] = "0" * 64
    assert load_suite(write(tmp_path / "two", other)).revision != one.revision


def test_selecting_an_unknown_case_names_the_known_ones(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, case(tmp_path)))
    with pytest.raises(UnknownNameError, match="unknown case 'cat'"):
        suite.select(["cat"])
