"""A2Bench's metric engine against VBench 0.1.5's own functions, with the same networks, in one process.

    pip install --no-deps --target PEER vbench==0.1.5 decord==0.6.0 easydict openai-clip 'setuptools<81'
    python benchmarks/metrics.py --peer PEER [--json] [--only host,shared,alone,memory] [--repeat 5]

VBench is not a dependency; it is imported from the folder PEER, as released. Its functions take their networks as
arguments, so both sides get the very same ones, with random weights. Scores must be equal, else
there is no ratio. Times are CPU seconds of this process with one thread, in pairs: both sides in turn, each first in
every other pair, after a pair that is not timed. The ratio is the median of the pairs' ratios.

    host     five dimensions (subject, background, aesthetic, imaging, flicker), stub networks: only host work counts
    shared   four metrics that need CLIP ViT-L/14 (of real size): one pass of ours, one per metric of theirs
    alone    DINO ViT-B/16 and MUSIQ of real size, which nothing else shares: never slower. The networks take nearly all
             of it, so memory that was given back does not blur it: see STEADY
    memory   peak of one clip of 81 frames of 832x480 above the process with its networks loaded
"""

import argparse
import contextlib
import io
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import vbench_dimensions as ours

from a2bench.base.counting import take_counts
from a2bench.model.cases import load_suite
from a2bench.model.video import Video, read_video, write_video

PARTS = ("host", "shared", "alone", "memory")
GOALS = {"host": 5.0, "shared": 3.8, "alone": 1.0}
"""Smallest ratio of VBench's CPU seconds to ours."""
MEMORY_GOAL = 200e6
STEADY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(8 << 30), "MALLOC_TOP_PAD_": str(512 << 20)}
"""Has glibc keep the memory it once got. Getting it from the system again costs either side's networks up to 4 %,
by chance, which is more than there is to tell apart where nothing is shared."""
EQUAL = 1e-4
"""Largest difference of two scores in [0, 1] for a ratio to mean anything: ours resizes in uint8, VBench in float32."""


def main() -> None:
    """Run the parts that were asked for and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="folder with VBench 0.1.5, see above")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument(
        "--repeat", type=int, default=5, help="pairs that host work is measured in; networks take 2 or 6"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
    parser.add_argument("--measure-memory", nargs=2, metavar=("SIDE", "CLIP"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    sys.path.insert(0, given.peer)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if given.measure_memory:
        sys.stdout.write(json.dumps(peak_of(*given.measure_memory)) + "\n")
        return
    parts = given.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown part {sorted(unknown)[0]!r}; known: {', '.join(PARTS)}")
    found: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "r81.mp4"
        write_video(r81(), clip)
        if "host" in parts:
            found["host"] = host(clip, given.repeat)
        if "shared" in parts:
            found["shared"] = shared(clip)
        if "alone" in parts:
            found["alone"] = alone(clip) if STEADY.items() <= os.environ.items() else alone_steadily(given.peer)
        if "memory" in parts:
            found["memory"] = memory(clip, given.peer)
    found["gpu"] = "not measured by this program: benchmarks/metrics_on_a_gpu.py"
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else text(found))
    sys.exit(0 if all(part.get("met", True) for part in found.values() if isinstance(part, dict)) else 1)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def r81() -> Video:
    """81 frames of 832x480 at 16 fps: a pan over a picture, a thing that moves, sensor noise."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 36, 68)).astype(np.float32))
    wide = torch.nn.functional.interpolate(coarse, (576, 1088), mode="bicubic")[0].clamp(0, 255).permute(1, 2, 0)
    picture = wide.numpy()
    frames = np.empty((81, 480, 832, 3), np.uint8)
    for t in range(81):
        frame = picture[t // 2 : t // 2 + 480, 2 * t : 2 * t + 832] + rng.normal(0, 3, (480, 832, 3))
        frame[200:280, 5 * t : 5 * t + 80] = (230, 60, 40)
        frames[t] = frame.clip(0, 255)
    return Video(frames, Fraction(16))


# ---- networks, given to both sides -----------------------------------------------------------------------------------


class Stub(torch.nn.Module):
    """A network that costs next to nothing and still depends on every part of the picture."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3 * 12 * 12, size)

    def forward(self, pixels: Any) -> Any:
        """``[B, 3, H, W]`` to ``[B, size]``."""
        return self.linear(torch.nn.functional.adaptive_avg_pool2d(pixels, 12).flatten(1))


class OpenAiClip(torch.nn.Module):
    """A vision tower behind the interface that VBench calls."""

    def __init__(self, tower: torch.nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def encode_image(self, pixels: Any) -> Any:
        """Embeddings of preprocessed images."""
        return self.tower(pixels)


class VisionTower(torch.nn.Module):
    """CLIP ViT-L/14's vision tower with its projection, random weights."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import CLIPVisionModelWithProjection

        from a2bench_metrics.clip import vit_l14_config

        self.model = CLIPVisionModelWithProjection(vit_l14_config().vision_config)

    def forward(self, pixels: Any) -> Any:
        """``[B, 3, 224, 224]`` to ``[B, 768]``."""
        return self.model(pixel_values=pixels).image_embeds


def stub_networks() -> dict[str, Any]:
    """All networks as stubs."""
    made = {"dino": Stub(48), "clip": Stub(32), "clip-l14": Stub(768), "musiq": Stub(1)}
    return {**made, "aesthetic": torch.nn.Linear(768, 1)}


# ---- VBench's own functions ------------------------------------------------------------------------------------------


def peer(path: Path, networks: dict[str, Any], dimensions: tuple[str, ...]) -> dict[str, float]:
    """Scores by VBench's functions, each of which opens the file itself."""
    from vbench.aesthetic_quality import laion_aesthetic
    from vbench.background_consistency import background_consistency
    from vbench.imaging_quality import technical_quality
    from vbench.subject_consistency import subject_consistency
    from vbench.temporal_flickering import temporal_flickering

    videos, device = [str(path)], torch.device("cpu")
    functions: dict[str, Callable[[], Any]] = {
        "subject": lambda: subject_consistency(networks["dino"], videos, device, False),
        "background": lambda: background_consistency(OpenAiClip(networks["clip"]), None, videos, device, False),
        "aesthetic": lambda: laion_aesthetic(networks["aesthetic"], OpenAiClip(networks["clip-l14"]), videos, device),
        "imaging": lambda: technical_quality(networks["musiq"], videos, device),
        "flicker": lambda: temporal_flickering(videos),
    }
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        return {name: float(functions[name]()[0]) for name in dimensions}


DIMENSIONS: dict[str, Callable[[Any], float]] = {
    "subject": ours.subject_consistency,
    "background": ours.background_consistency,
    "aesthetic": ours.aesthetic_quality,
    "imaging": ours.imaging_quality,
    "flicker": ours.temporal_flickering,
}


def engine(path: Path, networks: dict[str, Any], dimensions: tuple[str, ...]) -> dict[str, float]:
    """The same scores by our engine: one decode, each view and each network once."""
    ours.NETWORKS.update(networks)
    sample = ours.WholeVideo(load_suite("a2bench-mini").select(["astronaut-thumbs-up"]).cases[0], read_video(path))
    return {name: DIMENSIONS[name](sample) for name in dimensions}


# ---- parts -----------------------------------------------------------------------------------------------------------


def host(clip: Path, repeat: int) -> dict[str, Any]:
    """Five dimensions, stub networks."""
    networks = stub_networks()
    names = tuple(DIMENSIONS)
    return against(
        "host", lambda: peer(clip, networks, names), lambda: engine(clip, networks, names), repeat, frames=81
    )


def shared(clip: Path) -> dict[str, Any]:
    """Aesthetic, background, text and image alignment on one CLIP ViT-L/14, five frames."""
    tower = VisionTower().eval().requires_grad_(False)
    networks = {"clip": tower, "clip-l14": tower, "aesthetic": torch.nn.Linear(768, 1)}
    prompt, reference = torch.nn.functional.normalize(torch.randn(2, 768), dim=-1)
    short = shortened(clip, 5)

    def theirs() -> dict[str, float]:
        from vbench.utils import clip_transform, load_video

        scores = peer(short, networks, ("background", "aesthetic"))
        # A2-Bench's and OpenS2V's CLIP scores are scripts of their own, each with its own decode and forward.
        for name, target in (("text", prompt), ("image", reference)):
            pixels = clip_transform(224)(load_video(str(short)))
            with torch.no_grad():
                scores[name] = float((torch.nn.functional.normalize(tower(pixels), dim=-1) @ target).clamp(0).mean())
        return scores

    def one_pass() -> dict[str, float]:
        ours.NETWORKS.update(networks)
        sample = ours.WholeVideo(load_suite("a2bench-mini").select(["astronaut-thumbs-up"]).cases[0], read_video(short))
        embeddings = ours.feature(sample, ours.ClipL14)
        return {
            "background": ours.background_consistency(sample, ours.ClipL14),
            "aesthetic": ours.aesthetic_quality(sample),
            "text": float(np.clip(embeddings @ prompt.numpy(), 0, None).mean()),
            "image": float(np.clip(embeddings @ reference.numpy(), 0, None).mean()),
        }

    return against("shared", theirs, one_pass, 2, frames=5)


def alone(clip: Path) -> dict[str, Any]:
    """Subject consistency with DINO and imaging quality with MUSIQ: nothing is shared."""
    import timm
    from pyiqa.archs.musiq_arch import MUSIQ

    dino = timm.create_model("vit_base_patch16_224", num_classes=0, dynamic_img_size=True, dynamic_img_pad=True)
    dino = dino.eval().requires_grad_(False)
    musiq = MUSIQ(pretrained=False).eval().requires_grad_(False)
    networks = {"dino": dino, "musiq": musiq}
    short, names = shortened(clip, 5), ("subject", "imaging")
    inside = Inside(networks)
    sides = (lambda: peer(short, networks, names)), (lambda: engine(short, networks, names))
    return against("alone", *sides, 10, frames=5, inside=inside)


def alone_steadily(peer_folder: str) -> dict[str, Any]:
    """`alone` in a process of its own, in which both sides keep the memory that they got."""
    command = [sys.executable, __file__, "--peer", peer_folder, "--only", "alone", "--json"]
    result = subprocess.run(command, env={**os.environ, **STEADY}, capture_output=True, text=True, check=False)
    if not result.stdout:
        raise SystemExit(result.stderr)
    found: dict[str, Any] = json.loads(result.stdout)["alone"]
    return found


class Inside:
    """CPU seconds that passed inside networks, which are the same for both sides."""

    def __init__(self, networks: dict[str, torch.nn.Module]) -> None:
        self.seconds = 0.0
        for network in networks.values():
            network.register_forward_pre_hook(lambda *_: self._pass(-time.process_time()))
            network.register_forward_hook(lambda *_: self._pass(time.process_time()))

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds


def shortened(clip: Path, frames: int) -> Path:
    """The first frames of a clip, beside it."""
    video = read_video(clip)
    path = clip.with_name(f"r{frames}.mp4")
    write_video(Video(video.frames[:frames], video.fps), path)
    return path


def against(
    part: str,
    theirs: Callable[[], dict[str, float]],
    one_pass: Callable[[], dict[str, float]],
    repeat: int,
    frames: int,
    inside: Inside | None = None,
) -> dict[str, Any]:
    """Run both sides in turn; their scores must be equal every time, or there is no ratio."""
    sides = theirs, one_pass
    seconds: tuple[list[float], list[float]] = [], []
    outside: tuple[list[float], list[float]] = [], []
    for turn in range(repeat + 1):
        take_counts()
        scores: dict[int, dict[str, float]] = {}
        for side in (0, 1) if turn % 2 else (1, 0):
            started, before = time.process_time(), inside.seconds if inside else 0.0
            scores[side] = sides[side]()
            seconds[side].append(time.process_time() - started)
            if inside:
                outside[side].append(seconds[side][-1] - (inside.seconds - before))
        counts = take_counts()
        differences = {name: abs(scores[0][name] - scores[1][name]) for name in scores[0]}
        if not max(differences.values()) <= EQUAL:
            raise SystemExit(f"{part}: the scores differ, so their times mean nothing: {scores}")
    for times in seconds:
        del times[0]  # the first pair warms up
    ratio = median(a / b for a, b in zip(*seconds, strict=True))
    return {
        "frames": frames,
        "largest_difference": max(differences.values()),
        "vbench_cpu_seconds": [round(value, 3) for value in seconds[0]],
        "a2bench_cpu_seconds": [round(value, 3) for value in seconds[1]],
        "ratio": round(ratio, 3),
        "goal": GOALS[part],
        "met": ratio >= GOALS[part],
        "outside_networks_cpu_seconds": [round(median(values[1:]), 3) for values in outside] if inside else None,
        "counts": counts,
    }


# ---- memory ----------------------------------------------------------------------------------------------------------


def memory(clip: Path, peer_folder: str) -> dict[str, Any]:
    """Peaks of both sides with stub networks, and of all metrics of a run that work here, each in a fresh process."""
    found: dict[str, Any] = {"goal": MEMORY_GOAL}
    for side in ("a2bench metrics of a run", "a2bench five dimensions", "vbench subject", "vbench imaging"):
        command = [sys.executable, __file__, "--peer", peer_folder, "--measure-memory", side, str(clip)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        found[side] = json.loads(result.stdout.splitlines()[-1])
    found["met"] = all(value <= MEMORY_GOAL for side, value in found.items() if side.startswith("a2bench"))
    return found


def peak_of(side: str, clip: str) -> int:
    """Bytes that the scoring of a clip takes at its peak above what the process takes with everything loaded."""
    run = {
        "a2bench metrics of a run": run_metrics,
        "a2bench five dimensions": lambda path: engine(path, stub_networks(), tuple(DIMENSIONS)),
        "vbench subject": lambda path: peer(path, stub_networks(), ("subject",)),
        "vbench imaging": lambda path: peer(path, stub_networks(), ("imaging",)),
    }[side]
    logging.disable(logging.CRITICAL)
    tiny = shortened(Path(clip), 2)
    run(tiny)  # loads networks and libraries
    base = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    run(Path(clip))
    return status("VmHWM") - base


def status(field: str) -> int:
    """A field of this process's status, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def run_metrics(path: Path) -> None:
    """What a worker does with a video: every registered metric whose weights are here."""
    from a2bench.assets.weights import unmet_needs
    from a2bench.base import registry
    from a2bench.base.data import data_dir
    from a2bench.base.hashing import file_sha256
    from a2bench.run.work import score

    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-balloon-tea-garden")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["A2BENCH_CACHE"] = folder
        results = score(
            {
                "video": str(path),
                "sha256": file_sha256(path),
                "pictures": folder,
                "case": case.model_dump(mode="json"),
                "references": str(data_dir("references")),
                "metrics": [name for name in registry.paths("metric") if not unmet_needs(name)],
            }
        )
    if failed := [entry for entry in results if entry["status"] == "failed"]:
        raise SystemExit(f"{failed[0]['metric']}: {failed[0]['reason']}")


# ---- text ------------------------------------------------------------------------------------------------------------


def text(found: dict[str, Any]) -> str:
    """What was found, for people."""
    machine = found["machine"]
    lines = [f"{machine['cores']} cores of {machine['processor']}, load {machine['load']}, torch {machine['torch']}"]
    for part in ("host", "shared", "alone"):
        if part in found:
            entry = found[part]
            lines.append(
                f"{part:<7} {entry['frames']} frames: VBench {median(entry['vbench_cpu_seconds']):.2f} CPU-s, A2Bench "
                f"{median(entry['a2bench_cpu_seconds']):.2f}, ratio {entry['ratio']:.3f} (goal {entry['goal']:g}, "
                f"{'met' if entry['met'] else 'NOT MET'}); scores differ by {entry['largest_difference']:.1e} at most"
            )
            if beside := entry["outside_networks_cpu_seconds"]:
                lines.append(f"        outside the networks: VBench {beside[0]:.3f} CPU-s, A2Bench {beside[1]:.3f}")
    for side, value in found.get("memory", {}).items():
        if side not in ("goal", "met"):
            lines.append(f"memory  {side}: {value / 1e6:.0f} MB above base")
    if "memory" in found:
        lines.append(f"memory  goal 200 MB: {'met' if found['memory']['met'] else 'NOT MET'}")
    return "\n".join([*lines, f"gpu     {found['gpu']}", ""])


if __name__ == "__main__":
    main()
