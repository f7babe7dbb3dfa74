"""Videos and pictures of a board: which ones, under which names, and copies of them.

Every file is named by the SHA-256 of its bytes, so that one that several pages show is there once and an altered one is
found; the videos are byte for byte the ones that were scored.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from a2bench.base.files import copy_file, replacing
from a2bench.base.hashing import file_sha256
from a2bench.errors import OutputError
from a2bench.model.cases import Case
from a2bench.model.records import SampleId
from a2bench.results.run import Run
from a2bench.show.report.data import suite_cases
from a2bench.show.report.media import MediaFolder, video_problem, video_suffix
from a2bench_leaderboard.board.extremes import extremes, yardstick
from a2bench_leaderboard.board.table import read_table

MediaChoice = Literal["some", "all", "none"]
"""``some``: videos of each entry's best and worst cases, all videos of the cases that are most often among these, and
pictures of the others; ``all``: every video; ``none``: no videos and no pictures."""

FOLDER = "media"
WHOLE_CASES = 12
NAME = re.compile(r"[0-9a-f]{64}\.(mp4|mov|webm|mkv|avi|jpg|png)")
NO_MEDIA: dict[str, Any] = {"choice": "none", "files": {}, "videos": {}, "references": {}}


class BoardMedia:
    """Media that a board takes from runs.

    Args:
        choice: which ones.
        work: a folder for pictures that are drawn; it must stay until the board is written.
    """

    def __init__(self, choice: MediaChoice, work: Path) -> None:
        self.choice = choice
        self.work = work
        self.sources: dict[str, Path] = {}
        """Where each file of the board is now, by its name there."""

    def index(self, runs: Mapping[str, Run], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What inputs say of media.

        ``files``: size in bytes by name. ``videos``: by the hash of a scored video its ``file`` (None where it was not
        chosen), ``poster`` and ``strip``, size and length. ``references``: pictures by the hash of the reference.
        """
        if self.choice == "none":
            return NO_MEDIA
        chosen = None if self.choice == "all" else chosen_samples(inputs)
        places = [run.store.folder / place for run in runs.values() for place in ("pictures", "report/media")]
        folder = MediaFolder(self.work, places)
        videos: dict[str, Any] = {}
        for name, run in runs.items():
            for sample, record in run.samples.items():
                wanted = chosen is None or sample in chosen[name]
                if record.video is None or (known := videos.get(record.video.sha256)) and (known["file"] or not wanted):
                    continue
                if video_problem(run.store, record) is not None:
                    continue
                source = run.store.video_path(record)
                poster, strip = folder.add_pictures(source, record.video, draw=wanted) or (None, None)
                videos[record.video.sha256] = {
                    "file": self._add(source, record.video.sha256, video_suffix(source)) if wanted else None,
                    "poster": self._picture(poster if wanted else None),
                    "strip": self._picture(None if wanted else strip),
                    "width": record.video.width,
                    "height": record.video.height,
                    "num_frames": record.video.num_frames,
                    "fps": record.video.fps,
                }
        cases, _ = suite_cases(next(iter(runs.values())))
        references = self._references(cases, inputs, folder)
        files = {name: self.sources[name].stat().st_size for name in sorted(self.sources)}
        return {"choice": self.choice, "files": files, "videos": videos, "references": references}

    def _references(self, cases: Mapping[str, Case], inputs: Mapping[str, Any], folder: MediaFolder) -> dict[str, str]:
        shown = {element["image"] for case in inputs["cases"] for element in case["references"]}
        images = {e.reference.sha256: e.reference for case in cases.values() for e in case.elements}
        drawn = {sha256: folder.add_reference(images[sha256])[0] for sha256 in sorted(shown & images.keys())}
        return {sha256: name for sha256, path in drawn.items() if (name := self._picture(path)) is not None}

    def _picture(self, path: str | None) -> str | None:
        if path is None:
            return None
        source = self.work / path
        return self._add(source, file_sha256(source), source.suffix)

    def _add(self, source: Path, sha256: str, suffix: str) -> str:
        name = sha256 + suffix
        self.sources[name] = source
        return name


def chosen_samples(inputs: Mapping[str, Any]) -> dict[str, set[SampleId]]:
    """The samples of each entry whose videos ``some`` takes: of each case the first seed."""
    table = read_table(inputs)
    by = yardstick(inputs, table)
    own = {
        entry["name"]: {*found.best, *found.worst}
        for entry, found in zip(inputs["entries"], extremes(table, by), strict=True)
    }
    votes = Counter(case for cases in own.values() for case in cases)
    whole = sorted((case["id"] for case in inputs["cases"]), key=lambda case: (-votes[case], case))[:WHOLE_CASES]
    chosen: dict[str, set[SampleId]] = {}
    for entry in inputs["entries"]:
        first: dict[str, int] = {}
        for case, seed in entry["samples"]:
            first.setdefault(case, seed)
        chosen[entry["name"]] = {(case, first[case]) for case in own[entry["name"]].union(whole) if case in first}
    return chosen


def copy_media(media: Mapping[str, Any], sources: Mapping[str, Path], folder: Path) -> None:
    """Copy what a board shows into its ``media`` folder; what is there already, unaltered, stays.

    Raises:
        OutputError: a file changed while the board was made.
    """
    place = folder / FOLDER
    if media["files"]:
        place.mkdir(parents=True, exist_ok=True)
    for name in media["files"]:
        target, sha256 = place / name, name.partition(".")[0]
        if _is_own_file(target) and file_sha256(target) == sha256:
            continue
        with replacing(target) as temporary:
            copy_file(sources[name], temporary)
            if file_sha256(temporary) != sha256:
                raise OutputError(f"{sources[name]} changed while the board was written; build it again")


def _is_own_file(path: Path) -> bool:
    """Whether a file is there that no other name leads to: what others could change is made anew."""
    return path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1


def media_problems(inputs: Mapping[str, Any], there: Mapping[str, Path]) -> list[str]:
    """What is wrong with a board's media: files that are missing or altered, and names that are not their hashes.

    Args:
        inputs: of the board.
        there: every file of the board's folder by its path below it.
    """
    media = inputs["media"]
    known = {sha256 for entry in inputs["entries"] for sha256 in entry["videos"]}
    problems = [
        f"inputs.json: the media are not those of a scored video ({sha256[:12]}...)"
        for sha256, video in media["videos"].items()
        if sha256 not in known or (video["file"] is not None and video["file"].partition(".")[0] != sha256)
    ]
    for name, size in media["files"].items():
        path = there.get(f"{FOLDER}/{name}")
        if not NAME.fullmatch(name):
            problems.append(f"inputs.json: {name!r} is no name of a media file")
        elif path is None:
            problems.append(f"{FOLDER}/{name}: missing")
        elif path.is_symlink() or path.stat().st_size != size or file_sha256(path) != name.partition(".")[0]:
            problems.append(f"{FOLDER}/{name}: altered, its bytes are not those of its name")
    return problems
