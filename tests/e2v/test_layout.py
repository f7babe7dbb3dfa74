import numpy as np
import pytest

from a2bench.e2v.layout import ClipLayout


@pytest.mark.parametrize("num_frames", [9, 17, 49, 81, 97])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_reference_fills_one_latent_frame_of_the_mask(number: int, num_frames: int) -> None:
    layout = ClipLayout(num_frames, number)
    mask = layout.mask()
    assert mask.shape == (4, layout.num_latent_frames) == (4, (num_frames + 3) // 4)
    assert mask[:, :number].all()
    assert not mask[:, number:].any()


def test_one_reference_has_as_many_mask_as_latent_frames() -> None:
    # The released code makes 22 here and fails.
    mask = ClipLayout(81, 1).mask()
    assert mask.shape == (4, 21)
    assert mask.sum() == 4


def test_without_repetition_the_second_latent_frame_is_half_reference() -> None:
    layout = ClipLayout(17, 3, repeat=False)
    assert layout.mask().T.astype(int).tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], *[[0, 0, 0, 0]] * 3]
    assert layout.covered_frames == 5


def test_the_released_trim_of_12_is_the_default_for_three_references() -> None:
    assert [ClipLayout(81, number).trim(margin=3) for number in (1, 2, 3)] == [4, 8, 12]
    assert ClipLayout(81, 3).trim(margin=0) == 9
    assert ClipLayout(81, 2).trim(margin=7) == 12


def test_the_trim_covers_every_frame_that_decodes_from_a_reference() -> None:
    for number in (1, 2, 3):
        for repeat in (True, False):
            layout = ClipLayout(33, number, repeat)
            last = int(np.flatnonzero(layout.mask().any(axis=0))[-1])
            assert layout.covered_frames == 1 + 4 * last
