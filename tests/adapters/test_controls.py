import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from a2bench.adapters.composition import generator, plan_slots
from a2bench.adapters.controls import Collage, Control, Flicker, Shuffled
from a2bench.base import registry
from a2bench.base.hashing import file_sha256
from a2bench.errors import AdapterError, CaseError
from a2bench.model.cases import Case, Element, ImageFile, Role, Suite
from a2bench.model.systems import GenerationSettings, VideoModel
from a2bench.validation.validate import controls

CONTROLS = controls()
SMALL = GenerationSettings(width=160, height=96, num_frames=12, fps=Fraction(4))

Draw = Callable[[str, str], ImageFile]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draws a reference: photographs are full rectangles, cut-outs discs on a transparent ground."""
    root = tmp_path / "references"
    root.mkdir()

    def make(colour: str, kind: str = "photo") -> ImageFile:
        if kind == "cutout":
            y, x = np.mgrid[-1:1:64j, -1:1:64j]
            image = Image.new("RGBA", (64, 64), colour)
            image.putalpha(Image.fromarray(((x * x + y * y < 1) * 255).astype(np.uint8)))
        else:
            noise = np.random.default_rng(len(colour)).integers(0, 40, (60, 80, 3), dtype=np.uint8)
            image = Image.blend(Image.new("RGB", (80, 60), colour), Image.fromarray(noise), 0.2)
        path = root / f"{colour}-{kind}.png"
        image.save(path)
        return ImageFile(file=path.name, sha256=file_sha256(path), root=root)

    return make


def make_case(case_id: str, *elements: tuple[Role, str, ImageFile]) -> Case:
    return Case(
        id=case_id,
        prompt=", ".join(phrase for _, phrase, _ in elements),
        elements=tuple(Element(role=role, phrase=phrase, reference=image) for role, phrase, image in elements),
    )


@pytest.fixture
def suite(draw: Draw, tmp_path: Path) -> Suite:
    def case(case_id: str, character: str, thing: str, place: str) -> Case:
        return make_case(
            case_id,
            ("character", f"a {character} man", draw(character, "cutout")),
            ("object", f"a {thing} box", draw(thing, "photo")),
            ("background", f"a {place} field", draw(place, "photo")),
        )

    cases = (
        case("a", "red", "blue", "green"),
        case("b", "orange", "cyan", "green"),
        case("c", "purple", "navy", "olive"),
    )
    return Suite("three", tmp_path / "three.jsonl", cases)


def make(name: str, suite: Suite) -> VideoModel:
    system = registry.load("adapter", name)()
    if hasattr(system, "prepare"):
        system.prepare(suite)
    assert isinstance(system, VideoModel)
    return system


def frames(name: str, suite: Suite, case: int = 0, seed: int = 0, settings: GenerationSettings = SMALL) -> np.ndarray:
    return make(name, suite).generate(suite.cases[case], seed=seed, settings=settings).frames


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("size", [(832, 480), (64, 48), (1280, 720), (96, 334), (16, 16)])
def test_every_control_gives_the_frames_that_were_asked_for(name: str, size: tuple[int, int], suite: Suite) -> None:
    settings = GenerationSettings(width=size[0], height=size[1], num_frames=3, fps=Fraction(24000, 1001))
    video = make(name, suite).generate(suite.cases[0], seed=3, settings=settings)
    assert video.frames.shape == (3, size[1], size[0], 3)
    assert video.fps == Fraction(24000, 1001)


@pytest.mark.parametrize("name", CONTROLS)
def test_equal_seeds_give_equal_frames_and_other_cases_others(name: str, suite: Suite) -> None:
    first = frames(name, suite)
    assert np.array_equal(first, frames(name, suite))
    assert not np.array_equal(first, frames(name, suite, case=1))


@pytest.mark.parametrize("name", [name for name in CONTROLS if name != "slideshow"])
def test_another_seed_gives_another_video(name: str, suite: Suite) -> None:
    assert not np.array_equal(frames(name, suite), frames(name, suite, seed=1))


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_is_named_as_it_is_registered_and_needs_no_torch(name: str) -> None:
    control = registry.load("adapter", name)
    assert issubclass(control, Control)
    assert control.meta.name == name
    assert control.meta.kind == "control"
    assert control.meta.description
    assert "torch" not in vars(sys.modules[control.__module__])


def test_the_video_depends_neither_on_the_hash_seed_nor_on_the_id_of_the_case(suite: Suite) -> None:
    case = suite.cases[0]
    assert generator(case, 0, "x").random() == generator(case.model_copy(update={"id": "z"}), 0, "x").random()
    script = (
        "from a2bench.adapters.composition import generator; from a2bench.model.cases import *; "
        "image = ImageFile(file='x', sha256='0' * 64); "
        "case = Case(id='a', prompt='x', elements=(Element(role='object', phrase='x', reference=image),)); "
        "print(generator(case, 0, 'places').random())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_the_collage_moves_smoothly(suite: Suite) -> None:
    settings = GenerationSettings(width=320, height=192, num_frames=17, fps=Fraction(16))
    video = frames("collage", suite, settings=settings).astype(float)
    steps = np.abs(np.diff(video, axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 0.05
    assert steps.max() < 3 * steps.min()


def test_elements_hardly_cover_each_other(suite: Suite) -> None:
    for case in suite.cases:
        for seed in range(20):
            slots = plan_slots(case, seed, (832, 480))
            [(x, _, width, _)], [(other_x, _, other_width, _)] = slots["character"], slots["object"]
            assert abs(x - other_x) > 0.42 * (width + other_width)


def test_every_element_is_seen_in_the_collage(suite: Suite) -> None:
    whole = frames("collage", suite)
    for role in ("character", "object", "background"):
        without = frames(f"missing-{role}", suite)
        changed = (whole != without).any(axis=-1).mean(axis=(1, 2))
        assert changed.min() > 0.02, role


@pytest.mark.parametrize("role", ["character", "object"])
def test_a_missing_element_changes_nothing_where_it_was_not(role: str, suite: Suite) -> None:
    whole, without = frames("collage", suite), frames(f"missing-{role}", suite)
    assert (whole == without).all(axis=-1).mean() > 0.4


def test_a_missing_background_leaves_the_elements_in_place(suite: Suite) -> None:
    whole, without = frames("collage", suite), frames("missing-background", suite)
    red = (whole[..., 0] > 240) & (whole[..., 1] < 15) & (whole[..., 2] < 15)
    assert red.mean() > 0.02
    assert (whole == without).all(axis=-1)[red].mean() > 0.9


def test_a_case_without_the_role_is_made_like_the_collage(suite: Suite, draw: Draw) -> None:
    case = make_case("alone", ("character", "a red man", draw("red", "cutout")))
    collage = make("collage", suite).generate(case, seed=0, settings=SMALL)
    for name in ("missing-object", "missing-background"):
        assert np.array_equal(make(name, suite).generate(case, seed=0, settings=SMALL).frames, collage.frames)


def test_frozen_is_the_first_frame_of_the_collage(suite: Suite) -> None:
    still, moving = frames("frozen", suite), frames("collage", suite)
    assert (still == moving[0]).all()


@pytest.mark.parametrize(("num_frames", "fps"), [(81, "16"), (12, "4"), (2, "16"), (121, "24"), (97, "24000/1001")])
def test_flicker_shows_the_elements_in_half_of_the_frames(num_frames: int, fps: str) -> None:
    settings = GenerationSettings(num_frames=num_frames, fps=Fraction(fps))
    present = [Flicker.present(index, settings) for index in range(num_frames)]
    assert abs(sum(present) - num_frames / 2) <= 2
    assert present[0]
    assert not present[-1]


def test_flicker_is_the_collage_or_its_background(suite: Suite) -> None:
    flicker, collage = frames("flicker", suite), frames("collage", suite)
    like_collage = [np.array_equal(a, b) for a, b in zip(flicker, collage, strict=True)]
    assert like_collage == [Flicker.present(index, SMALL) for index in range(12)]


def test_half_shows_the_elements_in_the_first_half_only(suite: Suite) -> None:
    half, collage, empty = frames("half", suite), frames("collage", suite), frames("flicker", suite)
    assert (half[:6] == collage[:6]).all()
    assert not (half[6:] == collage[6:]).all(axis=(1, 2, 3)).any()
    assert (half[11] == empty[11]).all(), "only the background is left"


def test_swapped_shows_another_in_the_same_place_from_the_middle_on(suite: Suite, draw: Draw) -> None:
    swapped, collage = frames("swapped", suite), frames("collage", suite)
    assert (swapped[:6] == collage[:6]).all()
    assert not (swapped[6:] == collage[6:]).all(axis=(1, 2, 3)).any()
    red, navy = draw("red", "cutout"), draw("navy", "cutout")
    pair = make_case("pair", ("character", "a red man", red), ("character", "a navy man", navy))
    shown = make("swapped", suite).shown(pair)  # type: ignore[attr-defined]
    assert [element.phrase for element in shown] == ["a navy man", "a red man"], "two of a case change places"


def test_duplicated_shows_each_element_twice(suite: Suite) -> None:
    def red(name: str) -> float:
        shown = frames(name, suite)
        return float(((shown[..., 0] > 240) & (shown[..., 1] < 15) & (shown[..., 2] < 15)).mean(axis=(1, 2)).min())

    slots = plan_slots(suite.cases[0], 0, (832, 480), copies=2)
    assert {name: len(places) for name, places in slots.items()} == {"character": 2, "object": 2}
    assert red("duplicated") > 0.6 * red("collage"), "two copies in half of the room each"


def test_mirrored_and_recoloured_elements_stand_where_the_collage_has_them(suite: Suite) -> None:
    collage = frames("collage", suite)
    for name in ("mirrored", "colour-shift"):
        changed = (frames(name, suite) != collage).any(axis=-1).mean()
        assert 0.01 < changed < 0.6, name


def test_zoom_ends_in_the_middle_of_its_first_frame(suite: Suite) -> None:
    shown = frames("zoom", suite).astype(int)
    assert (shown[0] == frames("collage", suite)[0]).all()
    height, width = (round(side / 1.3) for side in shown.shape[1:3])
    top, left = (96 - height) // 2, (160 - width) // 2
    middle = Image.fromarray(shown[0, top : top + height, left : left + width].astype(np.uint8)).resize((160, 96))
    assert np.abs(np.asarray(middle, int) - shown[-1]).mean() < 6


def test_pasted_shows_the_surroundings_of_a_reference_that_the_collage_cuts_off(suite: Suite, draw: Draw) -> None:
    case = suite.cases[0]
    man = case.elements[0].model_copy(update={"reference": draw("white", "photo"), "cutout": draw("red", "cutout")})
    changed = case.model_copy(update={"elements": (man, *case.elements[1:])})

    def bright(name: str) -> float:
        shown = make(name, suite).generate(changed, seed=0, settings=SMALL).frames
        return float((shown.min(axis=-1) > 190).mean())

    assert bright("pasted") > bright("collage") + 0.05


def test_blur_removes_and_noise_adds_detail(suite: Suite) -> None:
    def detail(name: str) -> float:
        return float(np.abs(np.diff(frames(name, suite).astype(float), n=2, axis=2)).mean())

    assert detail("blur") < 0.7 * detail("collage")
    assert detail("noise") > 3 * detail("collage")


def test_the_slideshow_shows_each_reference_for_an_equal_share(suite: Suite) -> None:
    slides = frames("slideshow", suite)
    assert [np.array_equal(slides[i], slides[i - 1]) for i in range(1, 12)].count(False) == 2
    assert np.array_equal(slides[0], slides[3])
    assert not np.array_equal(slides[3], slides[4])


def test_shuffled_uses_none_of_its_own_references(suite: Suite) -> None:
    system = Shuffled()
    system.prepare(suite)
    for case in suite.cases:
        own = {element.reference.sha256 for element in case.elements}
        donors = system.shown(case)
        assert [donor.role for donor in donors] == [element.role for element in case.elements]
        assert not own & {donor.reference.sha256 for donor in donors}


def test_shuffled_avoids_other_views_of_its_own_elements(suite: Suite) -> None:
    first, second, third = suite.cases
    view = first.elements[0].model_copy(update={"second_views": (second.elements[0].reference,)})
    first = first.model_copy(update={"elements": (view, *first.elements[1:])})
    system = Shuffled()
    system.prepare(Suite("views", suite.path, (first, second, third)))
    assert system.shown(first)[0] == third.elements[0]


def test_the_identity_of_shuffled_changes_with_its_donors(suite: Suite) -> None:
    system, smaller = Shuffled(), Shuffled()
    system.prepare(suite)
    smaller.prepare(suite.select(["a", "c"]))
    case = suite.cases[0]
    assert system.identity(case) != smaller.identity(case)
    assert system.identity(case) == system.identity(case)


def test_shuffled_says_what_it_lacks(suite: Suite) -> None:
    with pytest.raises(AdapterError, match="given no suite"):
        Shuffled().generate(suite.cases[0], seed=0, settings=SMALL)
    alone = Shuffled()
    alone.prepare(suite.select(["a"]))
    assert alone.identity(suite.cases[0]) == {"images": None}
    with pytest.raises(AdapterError, match="no other case of the suite has another character"):
        alone.generate(suite.cases[0], seed=0, settings=SMALL)


def test_a_cut_out_is_drawn_and_is_part_of_the_identity(suite: Suite, draw: Draw) -> None:
    case = suite.cases[0]
    thing = case.elements[1].model_copy(update={"cutout": draw("yellow", "cutout")})
    changed = case.model_copy(update={"elements": (case.elements[0], thing, case.elements[2])})
    assert Collage().identity(changed) != Collage().identity(case)
    assert changed.generation_identity() == case.generation_identity()
    before = Collage().generate(case, seed=0, settings=SMALL).frames
    assert not np.array_equal(before, Collage().generate(changed, seed=0, settings=SMALL).frames)


def test_eight_elements_fit(suite: Suite, draw: Draw) -> None:
    colours = ["red", "blue", "green", "pink", "gold", "gray", "tan"]
    roles: list[Role] = ["character", "object"] * 3 + ["character"]
    elements = [(r, f"a {c} one", draw(c, "cutout")) for r, c in zip(roles, colours, strict=True)]
    case = make_case("many", *elements, ("background", "a field", draw("green", "photo")))
    assert Collage().generate(case, seed=0, settings=SMALL).num_frames == 12


def test_images_that_cannot_be_used_are_refused_by_name(suite: Suite, tmp_path: Path) -> None:
    root = tmp_path / "references"
    (root / "text.png").write_text("no image")
    Image.new("RGBA", (8, 8)).save(root / "empty.png")
    for file, message in (
        ("text.png", "cannot be read as an image"),
        ("empty.png", "is wholly transparent"),
    ):
        image = ImageFile(file=file, sha256=file_sha256(root / file), root=root)
        with pytest.raises(AdapterError, match=f"'{file}' {message}"):
            Collage().generate(make_case("x", ("object", "x", image)), seed=0, settings=SMALL)
    (root / "text.png").write_text("altered")
    with pytest.raises(CaseError, match="restore the file"):
        image = ImageFile(file="text.png", sha256="0" * 64, root=root)
        Collage().generate(make_case("x", ("object", "x", image)), seed=0, settings=SMALL)


@pytest.mark.parametrize("mode", ["L", "P", "LA", "I;16", "CMYK"])
def test_images_of_every_mode_are_drawn(mode: str, tmp_path: Path) -> None:
    root = tmp_path / "references"
    root.mkdir()
    path = root / ("x.tif" if mode == "CMYK" else "x.png")
    Image.new(mode, (20, 10)).save(path)
    image = ImageFile(file=path.name, sha256=file_sha256(path), root=root)
    system = "slideshow" if mode == "LA" else "collage"  # an empty LA image is wholly transparent
    case = make_case("x", ("object", "x", image))
    assert registry.load("adapter", system)().generate(case, seed=0, settings=SMALL).num_frames == 12
