"""Run folders made of invented records and small real videos: for the tests, and for looking at the page.

`python tests/report/demo_run.py FOLDER` writes two runs over a2bench-mini, `FOLDER/alpha` and `FOLDER/beta`.
"""

import random
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from a2bench.base.hashing import file_sha256
from a2bench.model.cases import Suite, load_suite
from a2bench.model.metrics import sampled_frames
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord, SuiteIdentity
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video, write_video
from a2bench.run.store import RunStore, video_file

HOSTILE = "</script><img src=x onerror=alert(1)><!-- =cmd()"
METRICS = ("identity_similarity", "object_similarity", "background_similarity", "text_alignment", "motion_amount")
ROLE_OF = {"identity_similarity": "character", "object_similarity": "object", "background_similarity": "background"}
TIME = "2026-01-02T03:04:05Z"


@dataclass(frozen=True)
class Demo:
    """What to invent; equal values give equal runs."""

    system: str = "alpha"
    quality: float = 0.7
    flaws: float = 0.05
    seeds: tuple[int, ...] = (0,)
    width: int = 96
    height: int = 64
    num_frames: int = 17
    metrics: tuple[str, ...] = METRICS
    hostile: bool = False
    failed: tuple[str, ...] = ()
    shared_video: bool = False
    revision: str = "1"


def box_at(frame: int, demo: Demo) -> tuple[int, int, int, int]:
    """Where the bright square of the demo video is in a frame."""
    side = demo.height // 3
    x0 = round(frame * (demo.width - side) / max(1, demo.num_frames - 1))
    return x0, side, x0 + side, 2 * side


def demo_video(demo: Demo, number: int) -> Video:
    """A square that moves from left to right; the number of the frame stands in the top row as 8 bits."""
    frames = np.full((demo.num_frames, demo.height, demo.width, 3), 40 + 5 * (number % 16), np.uint8)
    frames[..., 2] += np.uint8(40)
    bit = demo.width // 8
    for index, frame in enumerate(frames):
        x0, y0, x1, y1 = box_at(index, demo)
        frame[y0:y1, x0:x1] = (250, 210, 40)
        for place in range(8):
            frame[: demo.height // 8, place * bit : (place + 1) * bit] = 255 if index >> (7 - place) & 1 else 0
    return Video(frames, Fraction(16))


def write_demo_run(folder: Path, demo: Demo, suite: Suite, cases: tuple[str, ...] | None = None) -> Path:
    """Write a run through the public store."""
    store = RunStore(folder)
    folder.mkdir(parents=True, exist_ok=True)
    store.videos.mkdir(exist_ok=True)
    settings = GenerationSettings(width=demo.width, height=demo.height, num_frames=demo.num_frames)
    chosen = suite.select(cases)
    store.write_manifest(
        RunManifest(
            system=ModelMeta(
                name=demo.system,
                revision=demo.revision,
                title=HOSTILE if demo.hostile else f"System {demo.system.title()}",
            ),
            adapter="folder",
            options={"path": f"/home/somebody/{demo.system}/videos"},
            settings=settings,
            suite=SuiteIdentity(
                name=suite.name,
                path=suite.name if suite.is_built_in else str(suite.path),
                revision=suite.revision,
                cases=tuple(case.id for case in chosen.cases),
            ),
            seeds=demo.seeds,
            metrics=demo.metrics,
            environment={"a2bench": "0.1.0", "python": "3.11.7", "packages": {"torch": "2.6.0", "numpy": "2.4.6"}},
            created=TIME,
            updated=TIME,
        )
    )
    dice = random.Random(demo.system)
    scores: list[ScoreRecord] = []
    for number, case in enumerate(chosen.cases):
        for seed in demo.seeds:
            identity = {
                "case": case.generation_identity(),
                "system": {"name": demo.system, "revision": demo.revision, "own": {}},
                "settings": settings.model_dump(mode="json"),
                "seed": seed,
            }
            common: dict[str, Any] = {"case": case.id, "seed": seed, "seconds": 1.5, "finished": TIME}
            if case.id in demo.failed:
                text = HOSTILE if demo.hostile else "the server answered 500 for /home/somebody/cache/videos/x.mp4"
                trace = f'Traceback (most recent call last):\n  File "/home/somebody/adapter.py", line 3\n{text}'
                store.record_sample(
                    SampleRecord(
                        key=f"{case.id}{seed}",
                        identity=identity,
                        status="failed",
                        error=text,
                        traceback=trace,
                        **common,
                    )
                )
                continue
            path = store.videos / ("shared.mp4" if demo.shared_video else f"{case.id}-s{seed}-abc.mp4")
            if not path.exists():
                write_video(demo_video(demo, number), path)
            sha256 = file_sha256(path)
            store.record_sample(
                SampleRecord(
                    key=f"{case.id}{seed}",
                    identity=identity,
                    status="done",
                    video=video_file(path, folder, sha256, demo.width, demo.height, demo.num_frames, "16"),
                    **common,
                )
            )
            for metric in demo.metrics:
                scores.append(_score(metric, case, demo, sha256, dice, common))
    store.record_scores(scores)
    return folder


def _score(metric: str, case: Any, demo: Demo, sha256: str, dice: random.Random, common: dict[str, Any]) -> ScoreRecord:
    record: dict[str, Any] = {
        "key": f"{case.id}{metric}",
        "identity": {"metric": {"name": metric, "version": 1, "backend": HOSTILE if demo.hostile else "invented"}},
        "metric": metric,
        "video_sha256": sha256,
        **common,
    }
    frames = sampled_frames(demo.num_frames, 16)
    role = ROLE_OF.get(metric)
    if role is None:
        curve = [round(demo.quality / 2 + dice.uniform(-0.05, 0.05), 4) for _ in frames]
        value = sum(curve) / len(curve)
        note = HOSTILE if demo.hostile else "the video has 17 frames; at least 48 are meant because this is invented"
        notes = [note] if metric == "motion_amount" else []
        detail = {"frames": frames, "per_frame": curve, "notes": notes}
        return ScoreRecord(status="scored", value=value, detail=detail, **record)
    names = [name for name, element in case.named_elements() if element.role == role]
    if not names:
        reason = HOSTILE if demo.hostile else f"the case has no {role}"
        return ScoreRecord(status="unscored", reason=reason, **record)
    if dice.random() < demo.flaws:
        return ScoreRecord(status="failed", reason="ValueError: broken", traceback="Traceback: ...", **record)
    elements, evidence = {}, []
    for name in names:
        lost = dice.random() < 0.45 - demo.quality / 2
        drift = dice.uniform(-0.1, 0.1)
        curve = [0.0 if lost else round(min(1, demo.quality + drift + dice.uniform(-0.1, 0.1)), 4) for _ in frames]
        elements[name] = {
            "value": sum(curve) / len(curve),
            "reason": None,
            "presence": 0.0 if lost else 1.0,
            "per_frame": curve,
        }
        if not lost:
            evidence += [
                {"frame": f, "box": box_at(f, demo), "element": name, "value": v}
                for f, v in zip(frames, curve, strict=True)
            ]
    value = sum(entry["value"] for entry in elements.values()) / len(elements)
    detail = {"frames": frames, "per_frame": [], "per_element": elements, "evidence": evidence, "details": {"faces": 3}}
    return ScoreRecord(status="scored", value=value, detail=detail, **record)


if __name__ == "__main__":
    target, mini = Path(sys.argv[1]), load_suite("a2bench-mini")
    big = {"width": 832, "height": 480, "num_frames": 81}
    write_demo_run(target / "alpha", Demo(**big, failed=("hummingbird-dahlia",)), mini)
    write_demo_run(target / "beta", Demo(system="beta", quality=0.45, **big), mini)
