"""Prints what tells a person's clothes from another's; half a minute on one core.

Run from the root of the checkout: ``python metrics/calibration/clothing.py [REFERENCES]`` (default:
``../shared/media/references``). Portraits with face and chest are pasted over a landscape with a face of 55 and of 95
pixels, and their clothes are compared with their own reference's and with all others'.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from a2bench.base.data import data_dir
from a2bench.base.hashing import file_sha256
from a2bench.model.cases import ImageFile
from a2bench_metrics.clothing import Chest, read_chest, worn_in
from a2bench_metrics.clothing_similarity import COLOUR_WEIGHT
from a2bench_metrics.dense import DenseFrame, embed
from a2bench_metrics.faces import CLEAR, REFERENCE_LONG_SIDE, Face, FacesFeature

PEOPLE, SIZE, SIDES = 22, (832, 480), (55, 95)
CHANGES = ("as it is", "a quarter darker", "exchanged colours")


def main() -> None:
    """Print the distributions."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/media/references") / "character-human"
    ground = Image.open(data_dir("references") / "background/lxqt_green_hills.jpg").convert("RGB").resize(SIZE)
    faces = FacesFeature()
    chests: dict[str, Chest] = {}
    frames: dict[tuple[str, int], tuple[Face, list[DenseFrame]]] = {}
    for path in sorted(folder.glob("*")):
        image = ImageFile(file=path.name, sha256=file_sha256(path), root=folder)
        face = faces._reference_face(image)
        if len(chests) == PEOPLE or face is None or face.confidence < CLEAR:
            continue
        if (chest := read_chest(image, face)) is None:
            continue
        chests[path.name] = chest
        for side in SIDES:
            scene = pasted(Image.open(path).convert("RGB"), face, side, ground)
            found = faces._faces(scene)
            if found:
                own = min(found, key=lambda other: float(np.linalg.norm(other.descriptor - face.descriptor)))
                darker = (scene * 0.75).astype(np.uint8)
                exchanged = np.ascontiguousarray(scene[..., [2, 0, 1]])
                frames[path.name, side] = own, embed([scene, darker, exchanged])
    same: dict[str, list[float]] = {change: [] for change in CHANGES}
    other: list[float] = []
    for (name, _), (face, seen) in frames.items():
        for change, frame in zip(CHANGES, seen, strict=True):
            same[change] += likeness(frame, face, chests[name])
        for stranger in chests.keys() - {name}:
            other += likeness(seen[0], face, chests[stranger])
    sys.stdout.write("| clothes | pairs | 5 % | 25 % | median | 75 % | 95 % |\n| --- |" + " ---: |" * 6 + "\n")
    for title, values in {**same, "another's": other}.items():
        quantiles = " | ".join(f"{value:.2f}" for value in np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)))
        sys.stdout.write(f"| {title} | {len(values)} | {quantiles} |\n")


def pasted(portrait: Image.Image, face: Face, side: int, ground: Image.Image) -> np.ndarray:
    """The portrait over the landscape, its face ``side`` pixels high in the upper middle."""
    factor = side / (face.box[3] - face.box[1])
    scale = REFERENCE_LONG_SIDE / max(portrait.size) * factor
    small = portrait.resize(
        (max(1, round(portrait.width * scale)), max(1, round(portrait.height * scale))), Image.Resampling.LANCZOS
    )
    scene = ground.copy()
    x, y = (face.box[0] + face.box[2]) / 2 * factor, face.box[1] * factor
    scene.paste(small, (round(400 - x), round(90 - y)))
    return np.asarray(scene)


def likeness(frame: DenseFrame, face: Face, chest: Chest) -> list[float]:
    """Cosine and weighted colours, if the chest is in the frame."""
    worn = worn_in(frame, face, chest, SIZE)
    if worn.cosine is None or worn.colours is None:
        return []
    return [worn.cosine + COLOUR_WEIGHT * worn.colours]


if __name__ == "__main__":
    main()
