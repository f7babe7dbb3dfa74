"""Diversity over seeds: the number, and what is said when there is none."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.base.counting import take_counts
from a2bench.base.data import cache_dir
from a2bench.cli import cli
from a2bench.errors import InputError, VideoError, WeightsError
from a2bench.model.cases import load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import Video, write_video
from a2bench.run.execute import InlineExecutor
from a2bench.run.journal import append_records
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import generate
from a2bench.run.store import RunStore
from a2bench.show.progress import TerminalProgress
from a2bench_metrics import diversity
from a2bench_metrics.diversity import diversity_of_run, frames_at_equal_times, image_distances, video_distances
from a2bench_metrics.perceptual import network_on
from tests.conftest import write_suite


def picture(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def make_run(tmp_path: Path, seeds: tuple[int, ...], videos: dict[str, Video], cases: int) -> Path:
    """A run of the adapter ``folder`` over videos by name."""
    folder = tmp_path / "videos"
    folder.mkdir(exist_ok=True)
    for name, video in videos.items():
        write_video(video, folder / f"{name}.mp4")
    suite = load_suite(str(write_suite(tmp_path / "suite", cases=cases)))
    options = {"path": str(folder)}
    request = RunRequest("folder", options, suite, suite, seeds, GenerationSettings(), (), tmp_path / "run")
    with RunStore(request.output).locked():
        generate(request, ExecutionOptions(), TerminalProgress(-1), InlineExecutor())
    return request.output


def clip(seed: int, frames: int = 3) -> Video:
    return Video(np.stack([np.roll(picture(seed), 3 * t, axis=1) for t in range(frames)]), Fraction(8))


def test_every_pair_is_what_the_package_itself_says() -> None:
    import torch

    images = [picture(0), picture(1), np.full((64, 96, 3), 90, np.uint8), picture(0)]
    take_counts()
    found = image_distances(images)
    assert take_counts()["forward:perceptual"] == 4, "one forward for each image, whatever the pairs"
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        expected = [network_on("cpu")(pixels, other[None].expand_as(pixels)).flatten().tolist() for other in pixels]
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    assert found[0, 3] == 0 and found[0, 1] > 0.05


def test_frames_of_equal_times_are_compared_whatever_the_frame_rate_and_length() -> None:
    def numbered(frames: int, fps: int) -> Video:
        pixels = np.arange(frames, dtype=np.uint8)[:, None, None, None]
        return Video(np.broadcast_to(pixels, (frames, 2, 2, 3)), Fraction(fps))

    found = [[int(frame[0, 0, 0]) for frame in at] for at in frames_at_equal_times([numbered(5, 2), numbered(8, 4)])]
    assert found == [[0, 1], [1, 3], [2, 5], [3, 7]], "the fifth frame has no match in a video of two seconds"


def test_videos_of_different_or_tiny_sizes_are_not_compared() -> None:
    wide, tiny = Video(np.zeros((2, 64, 128, 3), np.uint8), Fraction(8)), np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(VideoError, match="videos of 96x64 and 128x64; their frames"):
        video_distances([clip(0), wide])
    with pytest.raises(VideoError, match="LPIPS needs 32 pixels"):
        video_distances([Video(tiny, Fraction(8)), Video(tiny, Fraction(8))])


def test_a_run_tells_its_diversity_and_computes_it_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    same = {f"case-0_{seed}": clip(0) for seed in range(3)}
    other = {f"case-1_{seed}": clip(seed) for seed in range(3)}
    lonely = {"case-2_0": clip(0)}
    run = make_run(tmp_path, (0, 1, 2), same | other | lonely, cases=3)
    capsys.readouterr()
    assert cli.main(["diversity", str(run), "--json"], standalone_mode=False) == 3, "one case has no value"
    first = json.loads(capsys.readouterr().out)
    equal, different, alone = first["cases"]
    assert equal["value"] == pytest.approx(0, abs=1e-6)
    assert different["value"] == pytest.approx(np.mean([pair["value"] for pair in different["pairs"]]), abs=1e-6)
    assert different["value"] > 0.05 and len(different["pairs"]) == 3
    assert different["counts"]["decode"] == 3 and different["counts"]["forward:perceptual"] == 9
    assert alone["value"] is None and alone["reason"].startswith("needs two or more seeds with a video, has 1 (seed 1:")
    assert first["value"] == pytest.approx(different["value"] / 2, abs=1e-6)
    assert first["interval"][0] <= first["value"] <= first["interval"][1]

    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    with monkeypatch.context() as patch:
        patch.setattr(diversity, "read_video", lambda *_: pytest.fail("decoded although nothing changed"))
        patch.setattr(diversity, "unmet", lambda *_: ["needs the package 'lpips'"])  # nor is the network needed
        for same_videos in (run, copy):
            assert cli.main(["diversity", str(same_videos)], standalone_mode=False) == 3
            assert f"{same_videos}: diversity {first['value']:.4f}" in capsys.readouterr().out

    write_video(clip(7), tmp_path / "videos/case-0_0.mp4")
    make_run(tmp_path, (0, 1, 2), {}, cases=3)
    changed = diversity_of_run(run)
    assert changed.measured == 1 and changed.cases[0].value and changed.cases[0].value > 0.03

    for kept in (cache_dir() / "diversity").rglob("*.json"):
        kept.write_bytes(kept.read_bytes()[:-40])
    torn = diversity_of_run(run)
    assert torn.measured == 2
    assert [entry.value for entry in torn.cases] == [entry.value for entry in changed.cases]
    assert not (run / "diversity.jsonl").exists(), "a reading command leaves the run as it is"


def test_what_0_1_0_wrote_into_a_run_is_read_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, (0, 1), {"case-0_0": clip(0), "case-0_1": clip(1)}, cases=1)
    measured = diversity_of_run(run)
    (kept,) = (cache_dir() / "diversity").rglob("*.json")
    append_records(run / "diversity.jsonl", [json.loads(kept.read_bytes())])
    before = (run / "diversity.jsonl").read_bytes()
    kept.unlink()
    monkeypatch.setattr(diversity, "read_video", lambda *_: pytest.fail("decoded although the run has it"))
    found = diversity_of_run(run)
    assert (found.measured, found.cases) == (0, measured.cases)
    assert (run / "diversity.jsonl").read_bytes() == before


def test_one_seed_no_run_and_no_network_get_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_run(tmp_path, (0,), {"case-0_0": clip(0)}, cases=1)
    with pytest.raises(InputError, match="needs two or more: .* with --seeds 0-2"):
        diversity_of_run(one)
    with pytest.raises(InputError, match="is not a run"):
        diversity_of_run(tmp_path / "nothing")
    shutil.rmtree(one)
    two = make_run(tmp_path, (0, 1), {"case-0_1": clip(1)}, cases=1)
    monkeypatch.setattr(
        diversity, "unmet", lambda *_: ["needs the package 'lpips'; type `pip install 'a2bench[quality]'`"]
    )
    with pytest.raises(WeightsError, match="diversity needs the package 'lpips'; type"):
        diversity_of_run(two)
    assert not (two / "diversity.jsonl").exists()
