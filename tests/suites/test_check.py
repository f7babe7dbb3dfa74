import csv
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from a2bench.base.hashing import file_sha256
from a2bench.model.cases import load_suite, suite_paths
from a2bench.suites.check import SuiteCheck, check_suite, check_suite_file

COLUMNS = ("file", "licence", "attribution", "source", "sha256", "description", "category")


class Builder:
    """A suite of one's own in a folder, with real images and a catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cases, self.rows = folder, [], {}
        self.references = folder / "references"
        self.references.mkdir()

    def image(self, name: str, seed: int = 0, size: tuple[int, int] = (480, 460)) -> dict[str, str]:
        coarse = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(self.references / name)
        return self.record(name)

    def cutout(self, name: str, opaque: float) -> dict[str, str]:
        alpha = np.zeros((460, 480), np.uint8)
        alpha[: int(460 * opaque)] = 255
        colour = np.random.default_rng(9).integers(0, 255, (460, 480, 3), dtype=np.uint8)
        Image.fromarray(np.dstack([colour, alpha])).save(self.references / name)
        return self.record(name)

    def record(self, name: str) -> dict[str, str]:
        digest = file_sha256(self.references / name)
        self.rows[name] = dict(zip(COLUMNS, (name, "CC0-1.0", "me", "camera", digest, "", ""), strict=True))
        return {"file": name, "sha256": digest}

    def case(self, case_id: str, prompt: str, **references: dict[str, Any]) -> None:
        roles = {"dog": "character", "cat": "character", "ball": "object", "park": "background"}
        elements = []
        for phrase, given in references.items():
            element = given if "reference" in given else {"reference": given}
            elements.append({"role": roles.get(phrase, "object"), "phrase": phrase.replace("_", " "), **element})
        self.cases.append({"id": case_id, "prompt": prompt, "elements": elements})

    def check(self, catalogue: bool = True) -> SuiteCheck:
        path = self.folder / "mine.jsonl"
        path.write_text("\n".join(json.dumps(case) for case in self.cases))
        if catalogue:
            with (self.references / "catalogue.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self.rows.values())
        return check_suite_file(str(path), look=False)


@pytest.fixture
def suite(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def only(check: SuiteCheck, severity: str = "error") -> str:
    assert [finding.severity for finding in check.findings] == [severity], check.findings
    return f"{check.findings[0].case}: {check.findings[0].message}"


@pytest.mark.parametrize("name", suite_paths())
def test_every_built_in_suite_passes(name: str) -> None:
    check = check_suite(load_suite(name), look=False)
    assert check.errors == ()
    assert check.num_cases >= 16


def test_a_good_suite_has_no_finding(suite: Builder) -> None:
    suite.case("play", "A dog plays in a park.", dog=suite.image("dog.png", 1), park=suite.image("park.jpg", 2))
    check = suite.check()
    assert check.ok
    assert check.findings == ()
    assert (check.num_cases, check.num_images) == (1, 2)


def test_all_problems_are_collected_in_one_run(suite: Builder) -> None:
    suite.case("small", "A dog runs.", dog=suite.image("dog.png", 1, (90, 90)))
    suite.case("gone", "A cat runs.", cat={"file": "cat.png", "sha256": "0" * 64})
    suite.cases += [{"id": "bad id", "prompt": "x", "elements": []}, {"promt": "x"}]
    check = suite.check()
    assert len(check.errors) == 4
    assert len([finding for finding in check.errors if finding.case is None and "line" in finding.message]) == 2


def test_a_wrong_hash_names_the_file(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog={**suite.image("dog.png"), "sha256": "0" * 64})
    assert only(suite.check()).startswith("run: dog.png: has SHA-256")


def test_a_truncated_image_is_damaged(suite: Builder) -> None:
    suite.image("dog.jpg")
    path = suite.references / "dog.jpg"
    path.write_bytes(path.read_bytes()[:2000])
    suite.case("run", "A dog runs.", dog=suite.record("dog.jpg"))
    assert "dog.jpg: is damaged" in only(suite.check())


def test_a_truncated_png_is_damaged(suite: Builder) -> None:
    suite.image("dog.png")
    path = suite.references / "dog.png"
    path.write_bytes(path.read_bytes()[:2000])
    suite.case("run", "A dog runs.", dog=suite.record("dog.png"))
    assert "dog.png: is damaged" in only(suite.check())


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(suite: Builder, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    squeezer = zlib.compressobj(9)
    pixels = b"".join(squeezer.compress(bytes(side + 1)) for _ in range(50)) + squeezer.flush()
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    (suite.references / "dog.png").write_bytes(png)
    suite.case("run", "A dog runs.", dog=suite.record("dog.png"))
    assert "40 megapixels" in only(suite.check())


def test_another_format_under_a_png_name_is_refused(suite: Builder) -> None:
    suite.image("dog.bmp")
    (suite.references / "dog.bmp").rename(suite.references / "dog.png")
    suite.case("run", "A dog runs.", dog=suite.record("dog.png"))
    assert "is not a PNG, JPEG or WebP image" in only(suite.check())


def test_an_animated_image_is_refused(suite: Builder) -> None:
    frames = [Image.new("RGB", (480, 480), colour) for colour in ("red", "blue")]
    frames[0].save(suite.references / "dog.webp", save_all=True, append_images=frames[1:])
    suite.case("run", "A dog runs.", dog=suite.record("dog.webp"))
    assert "is animated" in only(suite.check())


def test_a_link_out_of_references_is_refused(suite: Builder, tmp_path: Path) -> None:
    suite.image("dog.png")
    (suite.references / "dog.png").rename(tmp_path / "secret.png")
    (suite.references / "dog.png").symlink_to(tmp_path / "secret.png")
    suite.case("run", "A dog runs.", dog=suite.record("dog.png"))
    assert "is a link to" in only(suite.check())


def test_a_tiny_image_is_an_error_and_a_small_one_a_warning(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog=suite.image("dog.png", 1, (299, 100)))
    assert "at least 300 pixels" in only(suite.check())
    suite.cases.clear()
    suite.case("run", "A dog runs.", dog=suite.image("dog.png", 1, (300, 100)))
    assert "448 pixels" in only(suite.check(), "warning")


def test_an_exif_turn_is_a_warning(suite: Builder) -> None:
    image = Image.new("RGB", (480, 480))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(suite.references / "dog.jpg", exif=exif)
    suite.case("run", "A dog runs.", dog=suite.record("dog.jpg"))
    assert "EXIF" in only(suite.check(), "warning")


def test_phrases_that_contain_one_another_are_an_error(suite: Builder) -> None:
    suite.case(
        "play", "A Dog chases the big dog toy.", Dog=suite.image("dog.png", 1), big_dog_toy=suite.image("toy.png", 2)
    )
    assert "'Dog' of object also stands in 'big dog toy' of object-2" in only(suite.check())


def test_a_phrase_only_inside_a_longer_word_is_a_warning(suite: Builder) -> None:
    suite.case("read", "A catalogue lies open.", cat=suite.image("cat.png"))
    assert "inside a longer word" in only(suite.check(), "warning")


@pytest.mark.parametrize("opaque", [0.0, 0.01, 1.0])
def test_a_cutout_that_isolates_nothing_is_an_error(suite: Builder, opaque: float) -> None:
    cutout = suite.cutout("cut.png", opaque)
    suite.case("run", "A dog runs.", dog={"reference": suite.image("dog.png"), "cutout": cutout})
    assert "isolates nothing" in only(suite.check())


def test_a_good_cutout_passes_and_one_without_alpha_does_not(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog={"reference": suite.image("dog.png"), "cutout": suite.cutout("cut.png", 0.5)})
    assert suite.check().findings == ()
    suite.cases.clear()
    image = suite.image("dog.png")
    suite.case("run", "A dog runs.", dog={"reference": image, "cutout": image})
    assert "has no alpha channel" in only(suite.check())


def test_one_image_for_two_elements_is_an_error(suite: Builder) -> None:
    image = suite.image("dog.png")
    suite.case("play", "A dog meets a cat.", dog=image, cat=image)
    assert "character and character-2 share the same image" in only(suite.check())


def test_a_second_view_that_is_the_reference_is_an_error(suite: Builder) -> None:
    image = suite.image("dog.png")
    suite.case("run", "A dog runs.", dog={"reference": image, "second_views": [image]})
    assert "is its reference" in only(suite.check())


def test_the_same_prompt_twice_is_an_error_with_the_same_references_and_else_a_warning(suite: Builder) -> None:
    suite.case("one", "A dog runs.", dog=suite.image("one.png", 1))
    suite.case("two", "a dog  runs.", dog=suite.image("two.png", 2))
    assert only(suite.check(), "warning").startswith("two: has the same prompt as case 'one'")
    suite.cases[1]["elements"] = suite.cases[0]["elements"]
    assert only(suite.check()).startswith("two: has the same prompt as case 'one'")


def test_a_near_duplicate_is_a_warning(suite: Builder) -> None:
    one = suite.image("one.png", 1)
    Image.open(suite.references / "one.png").resize((600, 575)).save(suite.references / "two.jpg", quality=60)
    suite.case("one", "A dog runs.", dog=one)
    suite.case("two", "A dog sleeps.", dog=suite.record("two.jpg"))
    assert "two.jpg: looks almost like one.png" in only(suite.check(), "warning")


def test_a_suite_of_ones_own_without_catalogue_gets_one_warning(suite: Builder) -> None:
    suite.case("play", "A dog plays in a park.", dog=suite.image("dog.png", 1), park=suite.image("park.jpg", 2))
    assert "catalogue.csv" in only(suite.check(catalogue=False), "warning")


def test_a_missing_row_or_an_empty_licence_is_found(suite: Builder) -> None:
    suite.case("play", "A dog plays in a park.", dog=suite.image("dog.png", 1), park=suite.image("park.jpg", 2))
    del suite.rows["dog.png"]
    suite.rows["park.jpg"]["licence"] = " "
    messages = [finding.message for finding in suite.check().warnings]
    assert messages[0].startswith("dog.png: has no row in catalogue.csv")
    assert messages[1] == "park.jpg: its row in catalogue.csv has no licence"


def test_a_missing_row_is_an_error_in_a_built_in_suite(suite: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.case("run", "A dog runs.", dog=suite.image("dog.png"))
    del suite.rows["dog.png"]
    monkeypatch.setattr("a2bench.model.cases.suite_paths", lambda: {"mine": suite.folder / "mine.jsonl"})
    version, row = suite.check().errors
    assert "has no version; type `a2bench suites version mine NEW`" in version.message
    assert "has no row" in row.message


def test_a_wrong_hash_in_the_catalogue_is_an_error(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog=suite.image("dog.png"))
    suite.rows["dog.png"]["sha256"] = "0" * 64
    assert "the sha256 in catalogue.csv is not the file's" in only(suite.check())


def test_an_image_of_the_pack_is_one_warning_and_not_an_error(suite: Builder) -> None:
    suite.case("play", "A dog plays in a park.", dog=suite.image("dog.png", 1), park=suite.image("park.jpg", 2))
    (suite.references / "dog.png").unlink()
    message = only(suite.check(), "warning")
    assert "1 of 2 images are not here and were not looked at; type `a2bench suites fetch" in message


def test_a_missing_image_that_is_not_catalogued_with_its_hash_is_an_error(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog=suite.image("dog.png"))
    suite.rows["dog.png"]["sha256"] = ""
    (suite.references / "dog.png").unlink()
    assert "dog.png: no such file" in only(suite.check())


def test_the_catalogue_must_not_call_an_opaque_image_a_cutout(suite: Builder) -> None:
    suite.case("run", "A dog runs.", dog=suite.image("dog.png"))
    suite.rows["dog.png"]["description"] = "brown dog [alpha cut-out]"
    assert "is called a cut-out in catalogue.csv but has no alpha channel" in only(suite.check())
