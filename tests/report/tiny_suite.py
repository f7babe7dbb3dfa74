from pathlib import Path

import numpy as np
from PIL import Image

from a2bench.base.hashing import file_sha256
from a2bench.model.cases import Case, Element, ImageFile, Suite, load_suite


def write_suite(folder: Path, prompt: str, name: str = "tiny") -> Suite:
    """Three cases with drawn references: a character and an object; two characters and a background; one object."""
    references = folder / "references"
    references.mkdir(parents=True, exist_ok=True)
    images = {}
    for number, image in enumerate(("cat", "dog", "cup", "hill")):
        pixels = np.full((40, 60, 3), 50 * number, np.uint8)
        Image.fromarray(pixels).save(references / f"{image}.png")
        images[image] = ImageFile(file=f"{image}.png", sha256=file_sha256(references / f"{image}.png"))

    def case(case_id: str, *elements: tuple[str, str, str]) -> Case:
        text = prompt + " " + " and ".join(phrase for _, phrase, _ in elements)
        parts = tuple(Element(role=r, phrase=p, reference=images[i]) for r, p, i in elements)  # type: ignore[arg-type]
        return Case(id=case_id, prompt=text, elements=parts, tags=("one", case_id))

    cases = [
        case("cat-cup", ("character", "a cat", "cat"), ("object", "a red cup", "cup")),
        case(
            "pair-hill", ("character", "a cat", "cat"), ("character", "a dog", "dog"), ("background", "a hill", "hill")
        ),
        case("cup", ("object", "a red cup", "cup")),
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(entry.model_dump_json() + "\n" for entry in cases))
    return load_suite(str(path))
