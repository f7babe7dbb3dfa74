"""Computes expected values with the authors' own code and writes them beside this file.

Needs what the tests do not: in an environment of A2Bench, install beside it (``pip install --no-deps --target DIR``)
``vbench==0.1.5 torchmetrics==1.9.0 lightning-utilities easydict omegaconf antlr4-python3-runtime==4.9.3
setuptools<80``, clone ``phoenix104104/fast_blind_video_consistency`` (MIT, commit bce0c7e), then

    PYTHONPATH=DIR python metrics/calibration/expected.py CLONE

Inputs are generated (`parity.calibration_clip`) and networks are small ones with weights from NumPy's generator
(`parity.with_fixed_weights`), so that anyone gets the same numbers.
"""

import csv
import importlib.util
import re
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import parity  # noqa: E402

# VBench reads videos with decord; here it gets frames instead.
sys.modules["decord"] = types.SimpleNamespace(VideoReader=None, cpu=None)  # type: ignore[assignment]

SEEDS = (0, 1, 2)


def write(name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write ``seed,value`` rows."""
    with (HERE / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seed", "value"])
        writer.writerows(rows)


def flicker() -> Iterable[tuple[Any, ...]]:
    """``mae_seq`` of VBench."""
    from vbench.temporal_flickering import mae_seq

    for seed in range(6):
        frames = list(parity.calibration_clip(seed))
        yield seed, float((255.0 - np.mean(mae_seq(frames))) / 255.0)


def as_videos(module: types.ModuleType) -> None:
    """Let a module of VBench read clips by their seed instead of by a path."""
    module.load_video = lambda seed, **_: torch.from_numpy(parity.calibration_clip(seed)).permute(0, 3, 1, 2).float()  # type: ignore[attr-defined]


def consistency() -> Iterable[tuple[Any, ...]]:
    """``subject_consistency`` of VBench with a fixed small network in DINO's place."""
    from vbench import subject_consistency as module

    as_videos(module)
    network = parity.small_embedder()
    for seed in SEEDS:
        _, results = module.subject_consistency(network, [seed], "cpu", False)
        yield seed, results[0]["video_results"]


def smoothness() -> Iterable[tuple[Any, ...]]:
    """``MotionSmoothness.motion_score`` of VBench with the average of two frames in AMT-S's place."""
    from vbench.motion_smoothness import MotionSmoothness

    class Blend(MotionSmoothness):
        def load_model(self) -> None:
            self.model = lambda a, b, t, **_: {"imgt_pred": (a + b) / 2}

    for seed in SEEDS:
        motion = Blend(None, None, "cpu")
        motion.fp.get_frames = lambda path: list(parity.calibration_clip(int(Path(path).stem), height=64, width=96))
        yield seed, motion.motion_score(f"{seed}.mp4")


def warping(clone: Path) -> Iterable[tuple[Any, ...]]:
    """Lai et al.'s occlusion and error on DIS flow; their CUDA sampler is replaced by PyTorch's of the same formula."""
    for name in ("networks", "networks.resample2d_package", "networks.resample2d_package.modules"):
        sys.modules[name] = types.ModuleType(name)
    sampler = types.ModuleType("resample2d")
    sampler.Resample2d = Resample2d  # type: ignore[attr-defined]
    sys.modules["networks.resample2d_package.modules.resample2d"] = sampler
    torch.Tensor.cuda = lambda tensor, *_: tensor  # type: ignore[method-assign,assignment]
    spec = importlib.util.spec_from_file_location("lai_utils", clone / "utils.py")
    assert spec and spec.loader
    utils = importlib.util.module_from_spec(spec)
    sys.modules["lai_utils"] = utils
    spec.loader.exec_module(utils)
    for seed in SEEDS:
        first, second, there, back = parity.moving_pair(seed)
        kept = 1 - utils.detect_occlusion(back, there)
        kept = np.repeat(kept[..., None], 3, axis=-1)
        warped = utils.tensor2img(Resample2d()(utils.img2tensor(second), utils.img2tensor(there)))
        yield seed, float(np.square(np.multiply(warped - first, kept)).sum() / kept.sum())


class Resample2d(torch.nn.Module):
    """FlowNet2's sampling layer: bilinear, edges repeated."""

    def forward(self, image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
        """``out(x) = image(x + flow(x))``."""
        height, width = image.shape[-2:]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack([(x + flow[0, 0]) / (width - 1), (y + flow[0, 1]) / (height - 1)], dim=-1) * 2 - 1
        return torch.nn.functional.grid_sample(image, grid[None], padding_mode="border", align_corners=True)


def aesthetics() -> Iterable[tuple[Any, ...]]:
    """``laion_aesthetic`` of VBench with a fixed small network in CLIP's place, and a fixed head."""
    from vbench import aesthetic_quality as module

    as_videos(module)
    network = parity.small_embedder(768)
    network.encode_image = network.forward
    for seed in SEEDS:
        _, results = module.laion_aesthetic(parity.small_head(), network, [seed], "cpu")
        yield seed, results[0]["video_results"]


def imaging() -> Iterable[tuple[Any, ...]]:
    """``technical_quality`` of VBench with a fixed small MUSIQ, on frames that it makes smaller."""
    from vbench import imaging_quality as module

    def load_video(seed: int) -> torch.Tensor:
        frames = parity.calibration_clip(seed, height=120, width=640)[:3]
        return torch.from_numpy(frames).permute(0, 3, 1, 2).float()

    module.load_video = load_video
    for seed in SEEDS:
        _, results = module.technical_quality(parity.small_musiq(), [seed], "cpu")
        yield seed, results[0]["video_results"]


def perceived() -> Iterable[tuple[Any, ...]]:
    """The last step of torchmetrics' CLIP-IQA."""
    from torchmetrics.functional.multimodal.clip_iqa import _clip_iqa_compute

    for seed in SEEDS:
        images, texts = map(torch.from_numpy, parity.quality_pairs(seed))
        yield seed, float(_clip_iqa_compute(images, texts, ["quality"]).mean())


def speeds() -> Iterable[tuple[Any, ...]]:
    """``get_score`` of VBench on the flow of its RAFT, which gets the weights of torchvision's under its own names."""
    from easydict import EasyDict
    from vbench.dynamic_degree import DynamicDegree
    from vbench.third_party.RAFT.core.raft import RAFT
    from vbench.third_party.RAFT.core.utils_core.utils import InputPadder

    settings = EasyDict(small=False, mixed_precision=False, alternate_corr=False)
    network = RAFT(settings)
    weights = parity.small_raft().state_dict()
    network.load_state_dict({name: weights[torchvision_name(name)] for name in network.state_dict()})
    network.eval()
    for seed in SEEDS[:2]:
        frames = torch.from_numpy(parity.calibration_clip(seed, height=132, width=160)[:2]).permute(0, 3, 1, 2).float()
        first, second = InputPadder(frames[:1].shape).pad(frames[:1], frames[1:])
        with torch.no_grad():
            _, flow = network(first, second, iters=20, test_mode=True)
        yield seed, DynamicDegree.get_score(None, first, flow)


def torchvision_name(name: str) -> str:
    """The name in torchvision's RAFT of a tensor in the authors' RAFT."""
    pairs = [
        (r"^fnet", "feature_encoder"),
        (r"^cnet", "context_encoder"),
        (r"encoder\.conv1\.", "encoder.convnormrelu.0."),
        (r"encoder\.norm1\.", "encoder.convnormrelu.1."),
        (r"encoder\.conv2\.", "encoder.conv."),
        (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
        (r"(layer\d\.\d)\.norm([12])\.", r"\1.convnormrelu\2.1."),
        (r"(layer\d\.\d)\.norm3\.", r"\1.downsample.1."),
        (r"block\.encoder\.conv\.", "block.motion_encoder.conv.0."),
        (r"block\.encoder\.convc(\d)", r"block.motion_encoder.convcorr\1.0"),
        (r"block\.encoder\.convf(\d)", r"block.motion_encoder.convflow\1.0"),
        (r"block\.gru\.conv([zrq])(\d)", r"block.recurrent_block.convgru\2.conv\1"),
        (r"^update_block\.mask\.0", "mask_predictor.convrelu.0"),
        (r"^update_block\.mask\.2", "mask_predictor.conv"),
    ]
    for old, new in pairs:
        name = re.sub(old, new, name)
    return name


def main() -> None:
    """Write all files."""
    write("aesthetic_quality", aesthetics())
    write("imaging_quality", imaging())
    write("perceived_quality", perceived())
    write("dynamic_degree", speeds())
    write("temporal_flicker", flicker())
    write("self_consistency", consistency())
    write("motion_smoothness", smoothness())
    write("warping_error", warping(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
