from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from a2bench.e2v.references import Reference, fit_to_frame, fit_to_square, in_slots, pixels, read_reference
from a2bench.errors import CaseError


def red(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), (255, 0, 0))


def test_people_and_things_are_padded_with_white_and_places_are_cut() -> None:
    thing = np.asarray(fit_to_frame(Reference("object", red(100, 100)), 96, 48))
    assert thing.shape == (48, 96, 3)
    assert (thing[:, :20] == 255).all() and (thing[:, -20:] == 255).all()
    assert (thing[:, 28:68] == (255, 0, 0)).all()
    place = np.asarray(fit_to_frame(Reference("background", red(100, 100)), 96, 48))
    assert (place == (255, 0, 0)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (640, 480), (33, 77)])
@pytest.mark.parametrize("role", ["character", "object", "background"])
def test_every_shape_of_image_is_fitted(role: str, size: tuple[int, int]) -> None:
    reference = Reference(role, red(*size))  # type: ignore[arg-type]
    assert fit_to_frame(reference, 64, 48).size == (64, 48)
    assert fit_to_square(reference).size == (512, 512)


def test_pixels_reach_from_minus_one_to_one() -> None:
    assert pixels(red(2, 1)).tolist() == [[[1, 1]], [[-1, -1]], [[-1, -1]]]


def test_an_image_of_another_mode_is_refused() -> None:
    with pytest.raises(CaseError, match="must be an RGB image, got mode RGBA; `read_reference`"):
        Reference("object", Image.new("RGBA", (4, 4)))


def test_slots_go_by_role_and_keep_the_order_of_two_characters() -> None:
    first, second, place = (
        Reference("character", red(1, 1)),
        Reference("character", red(2, 2)),
        Reference("background", red(3, 3)),
    )
    assert in_slots([place, first, second]) == (first, second, place)


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    image = red(4, 4).convert("RGBA")
    image.putpixel((0, 0), (0, 0, 255, 0))
    image.save(tmp_path / "cut.png")
    read = read_reference(tmp_path / "cut.png", "object").image
    assert read.mode == "RGB"
    assert read.getpixel((0, 0)) == (255, 255, 255)
    assert read.getpixel((1, 1)) == (255, 0, 0)


def test_equal_pictures_have_equal_content_whatever_their_files(tmp_path: Path) -> None:
    red(8, 4).save(tmp_path / "a.png")
    red(8, 4).save(tmp_path / "b.bmp")
    red(4, 8).save(tmp_path / "c.png")
    a, b, c = (read_reference(tmp_path / name, "object").content for name in ("a.png", "b.bmp", "c.png"))
    assert a == b != c


def test_an_orientation_tag_is_followed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    red(40, 20).save(tmp_path / "turned.jpg", exif=exif)
    assert read_reference(tmp_path / "turned.jpg", "character").image.size == (20, 40)


def test_an_unreadable_image_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no image")
    red(64, 64).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:70])
    for name in ("note.png", "half.png", "absent.png"):
        with pytest.raises(CaseError, match=f"the object's reference .*{name} cannot be read as an image"):
            read_reference(tmp_path / name, "object")


@pytest.mark.parametrize(("alpha", "words"), [(0, "visible is nothing"), (200, "visible is black")])
def test_an_image_that_is_only_an_alpha_channel_is_refused(tmp_path: Path, alpha: int, words: str) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.putpixel((3, 3), (0, 0, 0, alpha))
    image.save(tmp_path / "matte.png")
    with pytest.raises(CaseError, match=f"nothing but an alpha channel: all that is {words}"):
        read_reference(tmp_path / "matte.png", "character")
