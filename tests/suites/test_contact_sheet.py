from pathlib import Path

import pytest
from PIL import Image

from a2bench.errors import InputError
from a2bench.model.cases import Case, Element, ImageFile, Suite, load_suite
from a2bench.suites.contact_sheet import draw_contact_sheet, prompt_spans, write_contact_sheet


def suite_with_missing_image(tmp_path: Path) -> Suite:
    image = ImageFile(file="gone.png", sha256="0" * 64, root=tmp_path)
    element = Element(role="object", phrase="ball", reference=image)
    return Suite("mine", tmp_path / "mine.jsonl", (Case(id="one", prompt="A ball rolls.", elements=(element,)),))


@pytest.mark.parametrize("name", ["sheet.jpg", "new/folder/sheet.png"])
def test_the_contact_sheet_is_made(tmp_path: Path, name: str) -> None:
    write_contact_sheet(load_suite("a2bench-mini"), tmp_path / name, ["astronaut-latte", "knight-colosseum"])
    with Image.open(tmp_path / name) as sheet:
        sheet.load()
        assert sheet.width > 1000
        assert len(sheet.convert("RGB").getcolors(1 << 24)) > 1000


def test_an_unreadable_reference_does_not_stop_the_sheet(tmp_path: Path) -> None:
    assert draw_contact_sheet(suite_with_missing_image(tmp_path)).height > 200


def test_another_ending_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"-o sheet\.jpg"):
        write_contact_sheet(load_suite("a2bench-mini"), tmp_path / "sheet.gif")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the contact sheet"):
        write_contact_sheet(suite_with_missing_image(tmp_path), tmp_path / "file" / "sheet.png")


def test_spans_join_to_the_prompt_and_carry_the_roles() -> None:
    for case in load_suite("a2bench-mini").cases:
        spans = list(prompt_spans(case))
        assert "".join(text for text, _ in spans) == case.prompt
        assert sorted((text, role) for text, role in spans if role) == sorted((e.phrase, e.role) for e in case.elements)
