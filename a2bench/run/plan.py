"""What is to do: every sample and score of a run, whether it is done, and if not, why not.

The key of a sample is a hash of what makes its video; the key of a score is a hash of the video's bytes and of all that
the metric looks at or is made of. A changed metric never makes a video again; a changed reference never reuses one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from a2bench.assets.weights import feature_infos, required_weights, unmet_needs, weights_entry
from a2bench.base import registry
from a2bench.base.hashing import value_sha256
from a2bench.errors import InputError
from a2bench.model.cases import Case, Suite
from a2bench.model.metrics import SAMPLING
from a2bench.model.records import SCHEMA, SampleRecord, ScoreRecord
from a2bench.model.systems import CanRefuse, GenerationSettings, HasIdentity, VideoModel
from a2bench.model.video import ENCODING
from a2bench.run.store import RunStore

State = Literal["done", "new", "stale", "failed", "damaged"]


@dataclass(frozen=True)
class PlannedSample:
    """One sample of the plan.

    state: ``done``; ``new`` was never made; ``stale`` was made from something else; ``failed`` went wrong last time;
    ``damaged`` has a video that is not the recorded one. why: in words, for all states but ``done`` and ``new``.
    kept: for a finished video that another revision of its system or another encoding made, which; else nothing.
    """

    case: Case
    seed: int
    key: str
    identity: dict[str, Any]
    state: State
    why: str = ""
    kept: str = ""

    @property
    def video_name(self) -> str:
        """Name of the video without its suffix; it carries the key, so that settings never overwrite each other."""
        return f"{self.case.id}-s{self.seed}-{self.key[:8]}"


@dataclass(frozen=True)
class PlannedScore:
    """One score of the plan; states as in `PlannedSample`."""

    sample: SampleRecord
    metric: str
    key: str
    identity: dict[str, Any]
    state: State
    why: str = ""


def unsupported(system: VideoModel, case: Case, settings: GenerationSettings) -> str | None:
    """Why a system cannot make a case's video, by what its meta and its own check say, or None."""
    meta = system.meta
    if len(case.elements) > meta.max_references:
        return f"{meta.name} takes at most {meta.max_references} references, case {case.id!r} has {len(case.elements)}"
    refused = sorted({element.role for element in case.elements} - set(meta.roles))
    if refused:
        return f"{meta.name} takes no {' and no '.join(refused)}, which case {case.id!r} has"
    if isinstance(system, CanRefuse):
        try:
            system.check(case, settings)
        except InputError as error:
            return str(error)
    if meta.native and not meta.native.allows(settings.num_frames):
        return f"{meta.name} makes {meta.native.allowed_text()}, not {settings.num_frames}; choose --num-frames so"
    return None


def sample_identity(
    system: VideoModel, options: dict[str, str], settings: GenerationSettings, case: Case, seed: int, code: str = ""
) -> dict[str, Any]:
    """Everything that makes the video of a sample; ``code``: hash of a system that was handed over as an object."""
    own = system.identity(case) if isinstance(system, HasIdentity) else options
    made_by = {"name": system.meta.name, "revision": system.meta.revision, "own": own}
    return {
        "schema": SCHEMA,
        "case": case.generation_identity(),
        "system": made_by | ({"code": code} if code else {}),
        "settings": settings.model_dump(mode="json"),
        "encoding": ENCODING,
        "seed": seed,
    }


def plan_samples(
    store: RunStore,
    suite: Suite,
    system: VideoModel,
    options: dict[str, str],
    settings: GenerationSettings,
    seeds: tuple[int, ...],
    *,
    read_all: bool = False,
    remake: bool = False,
    code: str = "",
) -> Iterator[PlannedSample]:
    """Every sample of a run with its state; ``read_all`` hashes every finished video again.

    No seeds: each case's own. A finished video is kept when only the system's revision or the encoding has changed
    since, as an update of A2Bench may do; with ``remake`` it is stale.
    """
    for case in suite.cases:
        asked = suite.asked(case)
        for seed in case.chosen_seeds(seeds):
            identity = sample_identity(system, options, settings, asked, seed, code)
            key = value_sha256(identity)
            record = store.samples.get((case.id, seed))
            kept = "" if remake or record is None else _made_before_an_update(record, key, identity)
            state, why = _sample_state(store, record, record.key if record and kept else key, identity, read_all)
            yield PlannedSample(asked, seed, key, identity, state, why, kept if state == "done" else "")


def _made_before_an_update(record: SampleRecord, key: str, identity: dict[str, Any]) -> str:
    """In which of the parts that an update may change a record differs from a plan, if in nothing else."""
    if record.key == key or record.status != "done":
        return ""
    system = {**record.identity.get("system", {}), "revision": identity["system"]["revision"]}
    if value_sha256({**record.identity, "system": system, "encoding": identity["encoding"]}) != key:
        return ""
    return "; ".join(differences(record.identity, identity))


def _sample_state(
    store: RunStore, record: SampleRecord | None, key: str, identity: dict[str, Any], read_all: bool
) -> tuple[State, str]:
    if record is None:
        return "new", ""
    if record.key != key:
        return "stale", "; ".join(differences(record.identity, identity))
    if record.status == "failed":
        return "failed", record.error or ""
    damage = store.damage(record, read_all=read_all)
    return ("damaged", damage) if damage else ("done", "")


def metric_identity(metric: str) -> dict[str, Any]:
    """Everything that a metric is made of: its version, back-end, features, weights and sampling."""
    info = registry.load("metric", metric).info
    made_by = {"name": info.name, "version": info.version, "backend": info.backend}
    code = registry.code_of("metric", metric)
    return {
        "schema": SCHEMA,
        "metric": made_by | ({"code": code} if code else {}),
        "features": {feature.name: f"{feature.version} {feature.backend}" for feature in feature_infos(metric)},
        "weights": {name: weights_entry(name).digest for name in required_weights(metric)},
        "sampling": SAMPLING,
        "unmet": unmet_needs(metric),
    }


def plan_scores(
    store: RunStore, suite: Suite, seeds: tuple[int, ...], metrics: tuple[str, ...]
) -> Iterator[PlannedScore]:
    """Every score of the finished samples with its state."""
    parts = {metric: metric_identity(metric) for metric in metrics}
    for case in suite.cases:
        scoring = value_sha256(case.scoring_identity())
        for seed in case.chosen_seeds(seeds):
            sample = store.samples.get((case.id, seed))
            if sample is None or sample.video is None:
                continue
            for metric in metrics:
                identity = {**parts[metric], "video": sample.video.sha256, "case": scoring}
                key = value_sha256(identity)
                record = store.scores.get((case.id, seed, metric))
                state, why = _score_state(record, key, identity)
                yield PlannedScore(sample, metric, key, identity, state, why)


def _score_state(record: ScoreRecord | None, key: str, identity: dict[str, Any]) -> tuple[State, str]:
    if record is None:
        return "new", ""
    if record.key != key:
        return "stale", "; ".join(differences(record.identity, identity))
    return ("failed", record.reason or "") if record.status == "failed" else ("done", "")


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Which parts of an identity differ, as ``part: old -> new``.

    >>> differences({"seed": 1, "settings": {"fps": "16"}}, {"seed": 1, "settings": {"fps": "24"}})
    ['settings.fps: 16 -> 24']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key in sorted(old.keys() | new.keys())
            for line in differences(old.get(key), new.get(key), f"{where}.{key}".lstrip("."))
        ]
    if old == new:
        return []
    return [f"{where}: {_short(old)} -> {_short(new)}"]


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
