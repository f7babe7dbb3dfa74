"""How long the networks of the core set take for a clip of 81 frames of 832x480 on a GPU.

    python benchmarks/metrics_on_a_gpu.py [--json] [--repeat 7] [--flow]

The networks have their real sizes and random weights, which changes no time; the host's work on their inputs is part of
it. CLIP ViT-L/14 serves six metrics, DINOv2 ViT-B/14, MUSIQ and LPIPS one each; ``--flow`` adds RAFT for the dynamic
degree. Decoding is not part of it. Times are wall seconds, the median of the repeats after one that warms up.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from a2bench.base.resources import device, network_dtype
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample
from metrics import machine, r81

GOAL, GOAL_WITH_FLOW = 0.25, 0.5
MEMORY_GOAL = 16e9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--flow", action="store_true", help="RAFT as well")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("this measures a GPU, and there is none here")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    case = load_suite("a2bench-mini").select(["astronaut-thumbs-up"]).cases[0]
    clip = r81()
    features = core_set(flow=given.flow)
    torch.cuda.reset_peak_memory_stats()
    seconds: dict[str, list[float]] = {name: [] for name in features}
    for _ in range(given.repeat + 1):
        sample = Sample(case, clip)
        for name, compute in features.items():
            torch.cuda.synchronize()
            started = time.perf_counter()
            compute(sample)
            torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - started)
    each = {name: round(median(times[1:]), 4) for name, times in seconds.items()}
    total = median([sum(times) for times in list(zip(*seconds.values(), strict=True))[1:]])
    goal = GOAL_WITH_FLOW if given.flow else GOAL
    found = {
        "machine": machine(),
        "frames": len(sample.frames),
        "dtype": str(network_dtype()),
        "seconds": each,
        "seconds_per_clip": round(total, 4),
        "goal": goal,
        "peak_bytes": torch.cuda.max_memory_allocated(),
        "met": total <= goal and torch.cuda.max_memory_allocated() <= MEMORY_GOAL,
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else text(found))
    sys.exit(0 if found["met"] else 1)


def core_set(*, flow: bool) -> dict[str, Callable[[Sample], Any]]:
    """What computes the features, with random networks of real size in place of the published weights."""
    import lpips
    from torchvision.models.optical_flow import raft_large
    from transformers import CLIPModel, Dinov2Model

    from a2bench_metrics import clip, dino, musiq, perceptual, raft

    def placed(network: Any, dtype: Any = torch.float32) -> Any:
        return network.to(device(), dtype).requires_grad_(False).eval()

    with_clip, with_dino, with_musiq, with_raft = (
        clip.ClipFeature(), dino.DinoFeature(), musiq.MusiqFeature(), raft.RaftFeature(),
    )  # fmt: skip
    with_clip._model = placed(CLIPModel(clip.vit_l14_config()), network_dtype())
    with_dino._network = placed(Dinov2Model(dino.vit_b14_config()), network_dtype())
    with_musiq._network = placed(musiq.empty_network())
    alexnet = placed(lpips.LPIPS(net="alex", pnet_rand=True, pretrained=False, verbose=False))
    perceptual.network_on = lambda where: alexnet  # type: ignore[assignment]
    features = {
        "CLIP ViT-L/14": with_clip.compute,
        "DINOv2 ViT-B/14": with_dino.compute,
        "MUSIQ": with_musiq.compute,
        "LPIPS AlexNet": perceptual.PerceptualFeature().compute,
    }
    if flow:
        with_raft._network = placed(raft_large(weights=None))
        features["RAFT large"] = with_raft.compute
    return features


def text(found: dict[str, Any]) -> str:
    """What was found, for people."""
    lines = [f"{found['machine']['gpu']}, torch {found['machine']['torch']}, networks in {found['dtype']}"]
    lines += [f"{name:<16} {value:.3f} s" for name, value in found["seconds"].items()]
    lines.append(
        f"{'all':<16} {found['seconds_per_clip']:.3f} s per clip, {found['frames']} frames looked at (goal "
        f"{found['goal']} s and 16 GB: {'met' if found['met'] else 'NOT MET'}); peak {found['peak_bytes'] / 1e9:.2f} GB"
    )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
