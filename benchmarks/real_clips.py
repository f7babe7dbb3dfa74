"""Do the consistency metrics tell matching references from others on real clips?

    python benchmarks/real_clips.py [MEDIA]

MEDIA (default: ../shared/media) holds ``videos/`` and ``references/``, each with a ``catalogue.csv``; the column
``matching_references`` of the videos names the references that a clip shows. Each clip is scored against these and
against others of the same category: those of the other clips (of the same film, so look-alikes) and four more. Printed
is the share of (matching, other) pairs within a clip in which the matching one scores higher (ties count half: the area
under the ROC curve within clips), with a 95 % bootstrap interval over clips. 0.5 is chance.
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from a2bench import registry
from a2bench.cases import Case, Element, ImageFile
from a2bench.hashing import file_sha256
from a2bench.metrics import Sample
from a2bench.video import Video, read_video

NUM_FRAMES = 8
"""Frames of each clip that are looked at, evenly spaced; more change little and cost much."""
NUM_STRANGERS = 4
ROLES = {
    "character-human": "character",
    "character-animal": "character",
    "object": "object",
    "background": "background",
}
METRICS = {
    "character": ("identity_similarity", "character_similarity", "element_presence", "element_integrity"),
    "background": ("background_similarity", "element_integrity"),
}
MAY_BE_THERE = {"bbb_hard_cuts.mp4": {"red_squirrel", "flying_squirrel"}}
"""Things that a clip's description mentions although its catalogue does not list them: neither matching nor others."""


@dataclass(frozen=True)
class Pair:
    """One metric on one clip and one reference; value None when it could not be measured."""

    clip: str
    category: str
    metric: str
    matches: bool
    value: float | None


def thing(reference: str) -> str:
    """What a reference shows: two pictures of one thing have the same name.

    >>> thing("character-animal/bbb_bunny_upper.jpg")
    'bunny'
    """
    return re.sub(r"^(bbb|intel)_|_(upper|full)$", "", Path(reference).stem)


def chosen(clip: dict[str, str], clips: list[dict[str, str]], catalogue: list[str]) -> Iterator[tuple[str, bool]]:
    """``(reference, whether the clip shows it)`` for one clip."""
    own = clip["matching_references"].split(";")
    shown = {thing(reference) for reference in own} | MAY_BE_THERE.get(clip["file"], set())
    yield from ((reference, True) for reference in own)
    for category in dict.fromkeys(reference.partition("/")[0] for reference in own):
        family = [r for other in clips for r in other["matching_references"].split(";")]
        strangers = [r for r in catalogue if r.startswith(category + "/") and r not in family]
        step = max(1, len(strangers) // NUM_STRANGERS)
        others = [*family, *strangers[::step][:NUM_STRANGERS]]
        for reference in dict.fromkeys(others):
            if reference.startswith(category + "/") and thing(reference) not in shown:
                yield reference, False


def measure(media: Path) -> Iterator[Pair]:
    """Every metric on every clip and reference."""
    with (media / "videos/catalogue.csv").open(newline="") as file:
        clips = [row for row in csv.DictReader(file) if row["matching_references"]]
    with (media / "references/catalogue.csv").open(newline="") as file:
        catalogue = [row["file"] for row in csv.DictReader(file)]
    for clip in clips:
        whole = read_video(media / "videos" / clip["file"])
        frames = np.linspace(0, whole.num_frames - 1, min(NUM_FRAMES, whole.num_frames)).round().astype(int)
        video = Video(whole.frames[frames], whole.fps * len(frames) / whole.num_frames)
        dense = None
        for reference, matches in chosen(clip, clips, catalogue):
            category = reference.partition("/")[0]
            role = ROLES[category]
            image = ImageFile(
                file=reference, sha256=file_sha256(media / "references" / reference), root=media / "references"
            )
            element = Element(role=role, phrase="it", reference=image)  # type: ignore[arg-type]
            sample = Sample(Case(id="clip", prompt="it", elements=(element,)), video)
            if dense is not None:
                sample._features["dense"] = dense
            for name in METRICS[role]:
                value = registry.load("metric", name)().score(sample).value
                yield Pair(clip["file"], category, name, matches, value)
            dense = sample.feature("dense")
        sys.stderr.write(f"{clip['file']}: done\n")


def ordered_share(pairs: list[Pair]) -> tuple[float, int]:
    """Sum over (matching, other) pairs of 1, 0.5 or 0, and their number."""
    right = [p.value for p in pairs if p.matches and p.value is not None]
    wrong = [p.value for p in pairs if not p.matches and p.value is not None]
    return sum((a > b) + 0.5 * (a == b) for a in right for b in wrong), len(right) * len(wrong)


def row(pairs: list[Pair]) -> str | None:
    """One line of the table, or None when nothing could be compared."""
    by_clip = defaultdict(list)
    for pair in pairs:
        by_clip[pair.clip].append(pair)
    counts = np.array([found for clip in by_clip.values() if (found := ordered_share(clip))[1]])
    if not len(counts):
        return None
    share = counts[:, 0].sum() / counts[:, 1].sum()
    weights = np.random.default_rng(0).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), 4000)
    sums = weights @ counts
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    interval = f"{low:.2f} to {high:.2f}" if len(counts) > 2 else "too few clips"
    means = [np.mean([p.value for p in pairs if p.matches is kind and p.value is not None]) for kind in (True, False)]
    return (
        f"| `{pairs[0].metric}` | {pairs[0].category} | {share:.2f} | {interval} | {means[0]:.2f} | {means[1]:.2f} | "
        f"{len(counts)} | {int(counts[:, 1].sum())} |"
    )


HEAD = (
    "| metric | references | ordered rightly | 95 % interval | mean, matching | mean, others | clips | pairs |",
    "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |",
)


def main() -> None:
    """Measure and print the table in Markdown."""
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/media")
    if not (media / "videos/catalogue.csv").is_file():
        sys.exit(f"skipped: no real clips at {media} (videos/catalogue.csv, references/catalogue.csv)")
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in measure(media):
        groups[pair.metric, pair.category].append(pair)
    lines = [
        row(pairs) or f"| `{metric}` | {category} | not measurable | - | - | - | 0 | 0 |"
        for (metric, category), pairs in sorted(groups.items())
    ]
    sys.stdout.write("\n".join([*HEAD, *lines]) + "\n")


if __name__ == "__main__":
    main()
