"""A run by the definitions of other suites: which of our metrics are theirs, with the same back-end, and which are not.

A dimension is taken from a run only where formula and network are those of the suite; everything else is missing, with
the reason, and so are the totals that need it. Ours look at sampled frames, theirs at all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from a2bench.peers.definitions import A2_BENCH, OPENS2V, VBENCH
from a2bench.peers.reported import Suite


@dataclass(frozen=True)
class Same:
    """A metric of ours that is the dimension: ``factor`` times its mean, if this stands in its back-end's name."""

    metric: str
    backend: str
    factor: float


_MUSIQ = "MUSIQ-SPAQ"
_LAION = "LAION"
_RAFT = "RAFT"
_VBENCH: dict[str, Same | str] = {
    "subject_consistency": "needs DINO ViT-B/16 (ours is DINOv2)",
    "background_consistency": "needs CLIP ViT-B/32 (ours is ViT-L/14)",
    "temporal_flickering": "needs VBench's filter for still videos and its own prompts",
    "motion_smoothness": "needs the interpolator AMT-S (ours is optical flow)",
    "dynamic_degree": Same("dynamic_degree", _RAFT, 100),
    "aesthetic_quality": Same("aesthetic_quality", _LAION, 100),
    "imaging_quality": Same("imaging_quality", _MUSIQ, 100),
    **dict.fromkeys(
        ("object_class", "multiple_objects", "human_action", "color", "spatial_relationship", "scene",
         "appearance_style", "temporal_style", "overall_consistency"),
        "needs VBench's own prompts and networks",
    ),
}  # fmt: skip
_A2_BENCH: dict[str, Same | str] = {
    "id": "its face network and frames were never published",
    "object": "its crops were never published",
    "background": "its masks were never published",
    "image_quality": Same("imaging_quality", _MUSIQ, 1),
    "aesthetic_quality": Same("aesthetic_quality", _LAION, 1),
    "motion_smoothness": "needs the interpolator AMT-S (ours is optical flow)",
    "dynamic_degree": Same("dynamic_degree", _RAFT, 1),
    "clip": "undecided between CLIP and ViCLIP in its sources",
}
_OPENS2V: dict[str, Same | str] = {
    "aesthetics": "needs LAION's layered head (ours is the linear one)",
    "motion_smoothness": "needs Q-Align",
    "motion_amplitude": "signed flow, which we do not compute: opposite motions cancel",
    "facesim": "needs CurricularFace with antelopev2",
    "gmescore": "needs gme-Qwen2-VL-7B",
    "nexusscore": "needs YOLO-World and GME; it rewards objects that vanish",
    "naturalscore": "needs the answers of GPT-4o",
}
_SUITES: tuple[tuple[Suite, dict[str, Same | str]], ...] = (
    (A2_BENCH, _A2_BENCH),
    (OPENS2V["open"], _OPENS2V),
    (VBENCH, _VBENCH),
)


class Measured(NamedTuple):
    """What a run has of a metric of ours: its mean over ``scored`` of ``total`` videos."""

    backend: str
    mean: float | None
    scored: int
    total: int


def totals_of_run(metrics: Mapping[str, Measured]) -> list[dict[str, Any]]:
    """The dimensions and totals of other suites that a run has.

    Args:
        metrics: by name; a mean counts only at full coverage.
    """
    documents = []
    for suite, mapping in _SUITES:
        values: dict[str, float | None] = {}
        reasons: dict[str, str] = {}
        for dimension in suite.dimensions:
            values[dimension], reason = _value(mapping[dimension], metrics)
            if reason:
                reasons[dimension] = reason
        documents.append(
            {
                "suite": suite.name,
                "title": suite.title,
                "status": "measured here, by its definition, on our cases",
                "titles": dict(suite.dimensions),
                "dimensions": values,
                "reasons": reasons,
                "totals": {
                    key: {"name": total.name, "value": total.of(values), "missing": list(total.missing(values))}
                    for key, total in suite.totals.items()
                },
            }
        )
    return documents


def _value(source: Same | str, metrics: Mapping[str, Measured]) -> tuple[float | None, str | None]:
    if isinstance(source, str):
        return None, source
    found = metrics.get(source.metric)
    if found is None:
        return None, f"the run has no {source.metric}"
    if source.backend not in found.backend:
        return None, f"{source.metric} is by {found.backend}, not by {source.backend}"
    if found.mean is None or found.scored < found.total:
        return None, f"{source.metric} has a value for {found.scored} of {found.total} videos"
    return source.factor * found.mean, None
