"""A suite of real clips: what each of them shows, and what it does not, as cases whose answer is known.

It is built on this machine from a folder with ``videos/`` and ``references/``, each with a ``catalogue.csv``; the
column ``matching_references`` of the videos names the references that a clip shows. Where none shows a place or a
thing of a clip, a frame of the clip itself (or a box in it) is its reference, never a frame that is looked at.
Licences of such clips differ, so nothing of this is ever part of A2Bench itself.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from a2bench.base.files import copy_file, replacing, write_atomically
from a2bench.base.hashing import canonical_json, file_sha256
from a2bench.errors import InputError
from a2bench.model.cases import Case, Element, ImageFile, Role, Suite
from a2bench.model.catalogue import CATALOGUE, CatalogueRow, read_catalogue
from a2bench.model.video import Video, read_video, write_video

NAME = "real-clips"
NUM_FRAMES = 8
"""Frames of each clip that are looked at, evenly spaced; more change little and cost much."""
NUM_FAMILY, NUM_STRANGERS = 3, 2
"""References of a category that a clip does not show: of other clips (look-alikes of one film), and of none."""
ROLES: dict[str, Role] = {
    "character-human": "character",
    "character-animal": "character",
    "object": "object",
    "background": "background",
}
"""Role by category, which is the folder that a reference lies in."""
MAY_BE_THERE = {"bbb_hard_cuts.mp4": {"red_squirrel", "flying_squirrel"}}
"""Things that a clip's description mentions although its catalogue does not list them: neither shown nor others."""

Box = tuple[float, float, float, float]


class OwnFrame(NamedTuple):
    """A frame of a clip as the reference of something in it; box: ``(x0, y0, x1, y1)`` in shares of its sides."""

    clip: str
    frame: int
    category: str
    phrase: str
    box: Box = (0, 0, 1, 1)

    @property
    def file(self) -> str:
        """Where it lies below ``references``."""
        return f"{self.category}/own_{self.phrase.split()[-1]}_{Path(self.clip).stem}_{self.frame}.png"


OWN_FRAMES = (
    OwnFrame("intel_bottles.mp4", 75, "object", "a plastic bottle", (0.44, 0.29, 0.55, 0.89)),
    OwnFrame("intel_person_bicycle_car.mp4", 20, "object", "a grey car", (0.19, 0.22, 0.36, 0.62)),
    OwnFrame("intel_car_lot.mp4", 18, "object", "a white car", (0.36, 0.50, 0.63, 1)),
    OwnFrame("intel_person_room.mp4", 24, "object", "a round table", (0.49, 0.17, 0.69, 0.78)),
    OwnFrame("intel_fruit_conveyor.mp4", 21, "object", "a green apple", (0.30, 0.50, 0.45, 0.78)),
    OwnFrame("intel_classroom.mp4", 22, "object", "a flip chart", (0.80, 0.31, 0.96, 0.88)),
    OwnFrame("bbb_forest_no_character.mp4", 36, "object", "a hollow log", (0, 0.35, 0.33, 0.95)),
    OwnFrame("imageio_cockatoo.mp4", 180, "character-animal", "a white cockatoo", (0.37, 0, 0.9, 1)),
    OwnFrame("intel_bottles.mp4", 75, "background", "a conveyor belt before a grey wall"),
    OwnFrame("intel_person_bicycle_car.mp4", 20, "background", "a parking lot"),
    OwnFrame("intel_person_room.mp4", 24, "background", "a bare room"),
    OwnFrame("intel_fruit_conveyor.mp4", 21, "background", "a dark belt before a white wall"),
    OwnFrame("intel_classroom.mp4", 22, "background", "a classroom"),
    OwnFrame("intel_store_aisle.mp4", 33, "background", "a shop aisle"),
    OwnFrame("intel_two_people_walking.mp4", 17, "background", "a corridor"),
    OwnFrame("kivy_city_night.mp4", 67, "background", "office towers at night"),
)
"""The other parking lot is left out: nobody could say which of the two a frame shows."""


class Candidate(NamedTuple):
    """A reference that clips are held against."""

    file: str
    category: str
    phrase: str
    own: OwnFrame | None = None

    @property
    def thing(self) -> str:
        """What it shows: two pictures of one thing have the same name.

        >>> Candidate("character-animal/bbb_bunny_upper.jpg", "character-animal", "a rabbit").thing
        'bunny'
        """
        return re.sub(r"^(bbb|intel)_|_(upper|full)$", "", Path(self.file).stem)


class Pair(NamedTuple):
    """A clip and a reference; shown: whether the clip shows it."""

    clip: str
    candidate: Candidate
    shown: bool


@dataclass(frozen=True)
class RealClips:
    """The suite as it lies on this machine, with its videos.

    clips: folder of the clips, cut down to the frames that are looked at. map: which of them belongs to which case.
    pairs: by case id what is held against what.
    """

    suite: Suite
    clips: Path
    map: Path
    pairs: dict[str, Pair]


def media_folder(given: Path | None) -> Path | None:
    """The folder of real clips: the given one, else ``../shared/media`` where it is.

    Raises:
        InputError: the given one holds no such clips.
    """
    chosen = given or Path("../shared/media")
    if (chosen / "videos" / CATALOGUE).is_file() and (chosen / "references" / CATALOGUE).is_file():
        return chosen
    if given:
        raise InputError(
            f"no real clips at {given}: expected videos/{CATALOGUE} and references/{CATALOGUE} with the files they name"
        )
    return None


def build_real_clips(media: Path, folder: Path, limit: int | None = None) -> RealClips:
    """Write ``folder/real-clips.jsonl`` with its references and videos, of the first ``limit`` clips.

    What is there already stays; the same media give the same bytes.

    Raises:
        InputError: a catalogue or a file is not as it says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    references = read_catalogue(media / "references")
    videos = read_catalogue(media / "videos")
    matching = {clip: files for clip, files in _matching(media / "videos" / CATALOGUE).items() if files}
    for own in OWN_FRAMES:
        if own.clip in videos:
            matching.setdefault(own.clip, [])
    clips = dict(list(sorted(matching.items()))[:limit])
    pairs = {
        f"{Path(clip).stem}-{number}".lower(): pair
        for clip in clips
        for number, pair in enumerate(held_against(clip, clips, references), 1)
    }
    rows = []
    for clip in clips:
        _check(media / "videos" / clip, videos[clip])
        kept = _cut_down(media / "videos" / clip, videos[clip], folder)
        rows += [(case, kept.name) for case, pair in pairs.items() if pair.clip == clip]
    copied = {pair.candidate.file for pair in pairs.values() if pair.candidate.own is None}
    for file in sorted(copied):
        _check(media / "references" / file, references[file])
        target = folder / "references" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_file(media / "references" / file, target)
    cases = tuple(_case(name, pair, folder / "references") for name, pair in pairs.items())
    suite = Suite(NAME, folder / f"{NAME}.jsonl", cases)
    lines = [canonical_json(case.model_dump(mode="json")) for case in cases]
    write_atomically(suite.path, ("\n".join(lines) + "\n").encode())
    listed = folder / "map.csv"
    write_atomically(listed, ("case,file\n" + "".join(f"{case},{file}\n" for case, file in rows)).encode())
    return RealClips(suite, folder / "clips", listed, pairs)


def _matching(path: Path) -> dict[str, list[str]]:
    """The references that each clip shows, by the catalogue."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if "matching_references" not in (reader.fieldnames or ()):
            raise InputError(f"{path} has no column 'matching_references': the references that a clip shows, with ';'")
        found = {row["file"]: list(filter(None, (row["matching_references"] or "").split(";"))) for row in reader}
    if strange := [clip for clip in found if Path(clip).name != clip]:
        raise InputError(f"{path} names the clip {strange[0]!r}; expected the name of a file beside it")
    return found


def held_against(clip: str, matching: dict[str, list[str]], references: dict[str, CatalogueRow]) -> Iterator[Pair]:
    """The references that a clip shows, then for each of their categories some that it does not show.

    Raises:
        InputError: the catalogue of clips names a reference that there is not, or one of no known category.
    """
    own = _shown_by(clip, matching[clip], references)
    yield from (Pair(clip, candidate, True) for candidate in own)
    shown = {candidate.thing for candidate in own} | MAY_BE_THERE.get(clip, set())
    everyone = [candidate for other, files in matching.items() for candidate in _shown_by(other, files, references)]
    listed = {file for files in matching.values() for file in files}
    for category in dict.fromkeys(candidate.category for candidate in own):
        family = list(dict.fromkeys(one for one in everyone if one.category == category and one.thing not in shown))
        strangers = [
            _candidate(file, references)
            for file in references
            if file.startswith(category + "/") and file not in listed
        ]
        for group, count in ((family, NUM_FAMILY), (strangers, NUM_STRANGERS)):
            yield from (Pair(clip, one, False) for one in _spread(group, count) if one.thing not in shown)


def _spread(candidates: list[Candidate], count: int) -> list[Candidate]:
    """So many of them, evenly spaced."""
    step = max(1.0, len(candidates) / count)
    return [candidates[int(place * step)] for place in range(min(count, len(candidates)))]


def _shown_by(clip: str, files: list[str], references: dict[str, CatalogueRow]) -> list[Candidate]:
    listed = [_candidate(file, references) for file in files]
    return listed + [Candidate(own.file, own.category, own.phrase, own) for own in OWN_FRAMES if own.clip == clip]


def _candidate(file: str, references: dict[str, CatalogueRow]) -> Candidate:
    if file not in references:
        raise InputError(f"the catalogue of clips names the reference {file!r}, which references/{CATALOGUE} has not")
    category = file.partition("/")[0]
    if category not in ROLES or ".." in Path(file).parts:
        raise InputError(f"the reference {file!r} is of no known category; expected a folder of {', '.join(ROLES)}")
    return Candidate(file, category, references[file].description or category)


def _case(name: str, pair: Pair, root: Path) -> Case:
    file, category, phrase, _ = pair.candidate
    image = ImageFile(file=file, sha256=file_sha256(root / file), root=root)
    element = Element(role=ROLES[category], phrase=phrase, reference=image)
    return Case(id=name, prompt=phrase, elements=(element,), tags=("shown" if pair.shown else "not-shown",))


def _check(path: Path, row: CatalogueRow) -> None:
    if not path.is_file():
        raise InputError(f"{path} is missing, but its catalogue names it")
    if row.sha256 and file_sha256(path) != row.sha256:
        raise InputError(f"{path} is not the file that its catalogue names: its SHA-256 differs")


def _cut_down(path: Path, row: CatalogueRow, folder: Path) -> Path:
    """The clip with only the frames that are looked at, lasting as long; its own frames become references."""
    target = folder / "clips" / f"{path.stem}-{(row.sha256 or file_sha256(path))[:8]}.mp4"
    own = [(frame, folder / "references" / frame.file) for frame in OWN_FRAMES if frame.clip == path.name]
    if target.is_file() and all(file.is_file() for _, file in own):
        return target
    whole = read_video(path)
    for frame, file in own:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            _picture(whole, frame).save(temporary)
    indices = looked_at(whole.num_frames)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        write_video(Video(whole.frames[indices], whole.fps * len(indices) / whole.num_frames), temporary)
    return target


def looked_at(num_frames: int) -> list[int]:
    """Indices of the frames that are looked at, the first and the last among them.

    >>> looked_at(150)
    [0, 21, 43, 64, 85, 106, 128, 149]
    """
    count = min(NUM_FRAMES, num_frames)
    return [int(place) for place in np.linspace(0, num_frames - 1, count).round()]


def _picture(video: Video, own: OwnFrame) -> Image.Image:
    if own.frame >= video.num_frames:
        raise InputError(f"{own.clip} has {video.num_frames} frames, but frame {own.frame} is the reference of it")
    height, width = video.size
    x0, y0, x1, y1 = own.box
    sides = slice(round(y0 * height), round(y1 * height)), slice(round(x0 * width), round(x1 * width))
    return Image.fromarray(np.ascontiguousarray(video.frames[own.frame][sides]))
