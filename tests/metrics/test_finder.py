"""The finder on frames whose truth is known: what is there is found where it is, what is not there is not."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from a2bench.base import registry
from a2bench.base.counting import take_counts
from a2bench.base.data import data_dir
from a2bench.model.cases import Element, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.systems import GenerationSettings
from a2bench_metrics.background_similarity import background_score, fidelity, make_place
from a2bench_metrics.dense import WIDE_BLOCKS, _network, embed, input_size
from a2bench_metrics.finder import SIZES, Hit, Template, locate, look_closer, make_template
from a2bench_metrics.images import element_image

SUITE = load_suite("a2bench-mini")
ELEMENTS = {e.reference.file: e for case in SUITE.cases for _, e in case.named_elements("character", "object")}
PLACED = [
    ("character-human/nasa_eileen_collins.jpg", (80, 60, 380, 480)),
    ("object/gnome_coffee2.jpg", (520, 250, 760, 450)),
    ("character-animal/gnome_hummingbird.jpg", (500, 60, 760, 330)),
]


def frame_with(*placed: tuple[str, tuple[int, int, int, int]], mirrored: bool = False) -> Any:
    """A lake with cut-outs fitted into boxes; returns uint8 ``[480, 832, 3]``."""
    frame = (
        Image.open(data_dir("references") / "background/budgie_lake_sherburne.jpg").convert("RGB").resize((832, 480))
    )
    for file, (x0, y0, x1, y1) in placed:
        cutout = cut(ELEMENTS[file])
        scale = min((x1 - x0) / cutout.width, (y1 - y0) / cutout.height)
        cutout = cutout.resize((round(cutout.width * scale), round(cutout.height * scale)))
        frame.paste(cutout, (x0, y1 - cutout.height), cutout)
    pixels = np.asarray(frame)
    return np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels


def cut(element: Element) -> Image.Image:
    image = Image.open((element.cutout or element.reference).path).convert("RGBA")
    return image.crop(image.getchannel("A").getbbox())


@pytest.mark.parametrize(("file", "box"), PLACED)
def test_an_element_is_found_where_it_is_and_not_where_it_is_not(file: str, box: tuple[int, int, int, int]) -> None:
    template = make_template(element_image(ELEMENTS[file]))
    others = [entry for entry in PLACED if entry[0] != file][:1]
    present = locate(template, embed([frame_with(*others, (file, box))])[0])
    absent = locate(template, embed([frame_with(*others)])[0])
    assert present.found and present.fidelity > 0.7
    assert not absent.found and absent.fidelity == 0
    x, y = (present.box[0] + present.box[2]) / 2, (present.box[1] + present.box[3]) / 2
    assert box[0] < x < box[2] and box[1] < y < box[3], present.box


def test_a_mirrored_element_is_found_too() -> None:
    file, box = PLACED[0]
    hit = locate(make_template(element_image(ELEMENTS[file])), embed([frame_with((file, box), mirrored=True)])[0])
    assert hit.found and hit.box[0] > 400


def hits_of(control: str, case_id: str, element: str) -> tuple[Hit, ...]:
    """What the finder says of an element in six frames of a control's video."""
    adapter = registry.load("adapter", control)()
    case = next(case for case in SUITE.cases if case.id == case_id)
    video = adapter.generate(case, seed=0, settings=GenerationSettings(num_frames=6, fps=1))
    take_counts()
    hits: tuple[Hit, ...] = Sample(case, video).feature("hits")[element]
    return hits


def test_a_closer_look_tells_a_second_copy_from_what_looks_like_one() -> None:
    copy = hits_of("duplicated", "osprey-stones-pass", "object")
    alike = hits_of("missing-character", "rabbit-strawberry-stream", "object")
    best_copy, best_alike = (max(hit.again.score for hit in hits if hit.again) for hits in (copy, alike))
    assert best_copy < best_alike, "from afar the copy looks less like it"
    assert [hit.copies for hit in copy] == [2] * 6
    assert [hit.copies for hit in alike] == [1] * 6
    assert all(len(hit.boxes) == hit.copies for hit in copy + alike)


@pytest.mark.parametrize("bottom", [424, 432, 436])
def test_a_flat_thing_across_two_rows_of_cells_is_there_once(bottom: int) -> None:
    file = "object/tuxpaint_indycar.png"
    frame = frame_with((file, (470, 100, 740, bottom)))
    template = make_template(element_image(ELEMENTS[file]))
    hit = locate(template, embed([frame])[0])
    assert hit.again is not None and hit.maybe_twice, "each row of cells shows half of it"
    assert abs(hit.box[1] - hit.again.box[1]) == 32 and hit.box[0] == hit.again.box[0]
    assert look_closer(template, hit, frame).copies == 1


def test_only_what_may_be_a_second_copy_is_looked_at_closer() -> None:
    hits = hits_of("missing-character", "rabbit-strawberry-stream", "object")
    doubtful = sum(hit.maybe_twice for hit in hits)
    assert 0 < doubtful < 6 and take_counts()["forward:hits"] == 2 * doubtful
    assert [hit.closer is not None for hit in hits] == [hit.maybe_twice for hit in hits]


def test_the_same_place_is_told_from_another_and_only_by_what_is_free() -> None:
    lake = np.asarray(Image.open(data_dir("references") / "background/budgie_lake_sherburne.jpg").convert("RGB"))
    forest = np.asarray(Image.open(data_dir("references") / "background/lomiri_forest_stream.jpg").convert("RGB"))
    frame = embed([frame_with(PLACED[0])])[0]
    box = [tuple(float(side) for side in PLACED[0][1])]
    same = background_score(frame, box, make_place(lake))  # type: ignore[arg-type]
    other = background_score(frame, box, make_place(forest))  # type: ignore[arg-type]
    assert same is not None and other is not None
    assert fidelity(same) > 0.6 and fidelity(other) == 0
    assert background_score(frame, [(0.0, 0.0, 832.0, 470.0)], make_place(lake)) is None


@pytest.mark.parametrize("size", [(832, 480), (480, 832), (1280, 720), (64, 48), (16, 16), (4000, 40)])
def test_any_frame_is_embedded_in_whole_cells(size: tuple[int, int]) -> None:
    width, height = input_size(*size)
    frame = embed([np.zeros((size[1], size[0], 3), np.uint8)])[0]
    assert frame.grid.shape == (1280, height // 32, width // 32)
    assert frame.hsv.shape == (height // 2, width // 2, 3)


def test_a_batch_size_cannot_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [frame_with(entry) for entry in PLACED]
    alone = [embed([frame])[0].grid for frame in frames]
    for size in ("1", "2", "64"):
        monkeypatch.setenv("A2BENCH_BATCH_SIZE", size)
        assert all((a == b.grid).all() for a, b in zip(alone, embed(frames), strict=True))


@pytest.mark.parametrize("index", WIDE_BLOCKS)
def test_a_wide_block_gives_by_parts_what_it_gives_whole(index: int) -> None:
    import torch

    block: Any = _network()._blocks[index]
    channels = block.whole._block_args.input_filters
    inputs = torch.randn(2, channels, 48, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(block(inputs), block.whole(inputs.clone()), atol=1e-6)


def test_no_place_is_found_beside_the_frame() -> None:
    import torch

    anything = (torch.zeros(1280, 1, 1),) * (2 * len(SIZES))
    template = Template(anything, (0.6,) * len(anything), np.zeros(144, np.float32))
    hit = locate(template, embed([frame_with()])[0])
    assert 0 <= hit.box[0] < hit.box[2] <= 832 and 0 <= hit.box[1] < hit.box[3] <= 480, hit.box
