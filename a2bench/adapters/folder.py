"""Videos that exist already, made by any system anywhere, matched to cases and seeds by file name or by a map."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from a2bench.base.hashing import file_sha256
from a2bench.base.inputs import check_seed
from a2bench.errors import AdapterError, InputError, MissingVideoError, VideoError
from a2bench.model.cases import Case, Suite
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import probe_video
from a2bench.peers import naming

SUFFIXES = (".mp4", ".webm", ".mov", ".mkv")
_SEED_AT_END = re.compile(r"(.+?)(?:_|-s)([0-9]+)")

Request = tuple[str, int]
"""A case id and a seed."""


@dataclass(frozen=True)
class FolderReport:
    """How a folder fits a suite and seeds.

    missing: no video. unreadable, ambiguous: why, in words. unmatched: files (or lines of the map) of no case and seed.
    """

    found: int
    missing: tuple[Request, ...]
    unreadable: tuple[str, ...]
    ambiguous: tuple[str, ...]
    unmatched: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether there is one readable video for every case and seed."""
        return not (self.missing or self.unreadable or self.ambiguous)

    def lines(self) -> Iterator[str]:
        """The report as text: a line of counts, then one line per finding."""
        yield (
            f"{self.found} videos found, {len(self.missing)} missing, {len(self.unreadable)} unreadable, "
            f"{len(self.ambiguous)} ambiguous, {len(self.unmatched)} files of no case"
        )
        yield from (f"missing: case {case!r}, seed {seed}" for case, seed in self.missing)
        yield from (f"unreadable: {text}" for text in self.unreadable)
        yield from (f"ambiguous: {text}" for text in self.ambiguous)
        yield from (f"of no case: {text}" for text in self.unmatched)


class Folder:
    """A folder with one video per case and seed.

    Without a map, ``CASE.mp4`` is the video of seed 0, and ``CASE_SEED.mp4`` or ``CASE-sSEED.mp4`` of any seed (also
    .webm, .mov, .mkv). A map is a CSV file with the columns case, file and perhaps seed, or a JSON file
    ``{"case": "file"}``; its paths start at the folder. With a layout, files are named as another suite names them
    (`a2bench.peers.naming`). Videos are taken over byte for byte.

    Args:
        path: the folder.
        map: file that says which video belongs to which case.
        name: name of the system that made the videos; the folder's name if not given.
        layout: ``opens2v`` (``ID.mp4``) or ``vbench`` (``PROMPT-N.mp4``).
        title, licence, parameters, open_weights: of the system that made them, for tables: texts, a number, yes or no.

    Raises:
        InputError: there is no such folder, map or layout, both a map and a layout are given, or the map or a fact of
            the system cannot be understood.
    """

    meta = ModelMeta(
        name="folder",
        revision="files",
        title="Folder of videos",
        description="videos that exist already, matched to cases by file name (--set path=FOLDER)",
    )

    def __init__(
        self,
        path: str,
        map: str | None = None,
        name: str | None = None,
        layout: str | None = None,
        title: str | None = None,
        licence: str | None = None,
        parameters: str | None = None,
        open_weights: str | None = None,
    ) -> None:
        self.path = Path(path).expanduser().resolve()
        if not self.path.is_dir():
            raise InputError(f"no such folder of videos: {path}")
        if not name:
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.path.name).lstrip("._-")[:64] or "folder"
        elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise InputError(f"name {name!r} must be 1 to 64 letters, digits, dots, dashes or underscores")
        given = {"title": title, "licence": licence, "parameters": parameters, "open_weights": open_weights}
        self.meta = _with_facts(Folder.meta.model_copy(update={"name": name}), given)
        if map and layout:
            raise InputError("give a map of the videos or a layout, not both")
        self._layout = naming.layout(layout) if layout else None
        self._map = read_map(Path(map).expanduser(), self.path) if map else None
        self._prompts: dict[str, str] = {}
        self._listing: dict[Request, list[Path]] | None = None

    def prepare(self, suite: Suite) -> None:
        """Learn the suite's case ids: where there is a case ``cat_1``, the file cat_1.mp4 is not seed 1 of ``cat``."""
        self._prompts = {case.id: case.prompt for case in suite.cases}
        self._listing = None

    def identity(self, case: Case) -> dict[str, Any]:
        """The SHA-256 of the case's videos by seed, so that a replaced file is noticed."""
        files = {seed: paths for (case_id, seed), paths in self._files().items() if case_id == case.id}
        return {
            "videos": {
                str(seed): [file_sha256(path) for path in paths if path.is_file()] for seed, paths in files.items()
            }
        }

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Path:
        """Find the video.

        Raises:
            MissingVideoError: there is none.
            AdapterError: there are several.
            VideoError: it cannot be read.
        """
        path = self._find(case.id, check_seed(seed))
        probe_video(path)
        return path

    def remarks(self, suite: Suite, seeds: Sequence[int]) -> Iterator[str]:
        """Files that belong to no case and seed; whatever is missing or unreadable shows as a failed sample."""
        unmatched = self.report(suite, seeds).unmatched
        if unmatched:
            shown = ", ".join(unmatched[:5]) + (f" and {len(unmatched) - 5} more" if len(unmatched) > 5 else "")
            yield f"of no case and seed of {suite.name}, and left out: {shown}"

    def report(self, suite: Suite, seeds: Sequence[int]) -> FolderReport:
        """Say exactly what is missing, unreadable, ambiguous or superfluous for a suite and seeds."""
        self.prepare(suite)
        found = 0
        missing: list[Request] = []
        unreadable: list[str] = []
        ambiguous: list[str] = []
        wanted = [(case.id, seed) for case in suite.cases for seed in case.chosen_seeds(tuple(seeds))]
        for case_id, seed in wanted:
            try:
                probe_video(self._find(case_id, seed))
                found += 1
            except MissingVideoError:
                missing.append((case_id, seed))
            except AdapterError as error:
                ambiguous.append(str(error))
            except VideoError as error:
                unreadable.append(str(error))
        used = {path for request in wanted for path in self._files().get(request, [])}
        listed = {path for paths in self._files().values() for path in paths} | set(self._videos())
        unmatched = sorted(self._shown(path) for path in listed - used)
        return FolderReport(found, tuple(missing), tuple(unreadable), tuple(ambiguous), tuple(unmatched))

    def _find(self, case_id: str, seed: int) -> Path:
        paths = self._files().get((case_id, seed), [])
        if not paths and self._map is not None:
            raise MissingVideoError(f"the map names no video for case {case_id!r}, seed {seed}")
        if not paths:
            if self._layout:
                expected = f"a file named like {self._layout[1]}"
            else:
                expected = f"{case_id}_{seed}.mp4" + (f" or {case_id}.mp4" if seed == 0 else "")
            raise MissingVideoError(f"no video for case {case_id!r}, seed {seed} in {self.path}; expected {expected}")
        if len(paths) > 1:
            names = ", ".join(self._shown(path) for path in paths)
            raise AdapterError(f"several videos for case {case_id!r}, seed {seed}: {names}; keep one")
        if not paths[0].is_file():
            raise MissingVideoError(f"no video for case {case_id!r}, seed {seed}: the map names {paths[0]}")
        return paths[0]

    def _files(self) -> dict[Request, list[Path]]:
        if self._map is not None:
            return {request: [path] for request, path in self._map.items()}
        if self._listing is None:
            self._listing = {}
            for path in self._videos():
                for request in self._requests(path.stem):
                    self._listing.setdefault(request, []).append(path)
        return self._listing

    def _requests(self, stem: str) -> Iterator[Request]:
        """Whose video a file of that name may be."""
        if self._layout:
            yield from self._layout[0](stem, self._prompts)
            return
        yield stem, 0
        match = _SEED_AT_END.fullmatch(stem)
        if match and stem not in self._prompts:
            yield match[1], int(match[2])

    def _videos(self) -> list[Path]:
        files = (path for path in self.path.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
        return sorted(path for path in files if not path.name.startswith("."))

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.path) if path.is_relative_to(self.path) else path)


def _with_facts(meta: ModelMeta, given: dict[str, str | None]) -> ModelMeta:
    try:
        return ModelMeta.model_validate(
            {**meta.model_dump(), **{key: value for key, value in given.items() if value is not None}}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]}={first['input']!r} cannot be understood: {first['msg']}") from None


def read_map(path: Path, folder: Path) -> dict[Request, Path]:
    """Read a map of cases to videos; relative paths start at the folder.

    Raises:
        InputError: the file is missing or cannot be understood; the message names the line or the key.
    """
    if not path.is_file():
        raise InputError(f"no such map of videos: {path}; expected a .csv or .json file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    rows = _json_rows(text, path) if path.suffix.lower() == ".json" else _csv_rows(text, path)
    found: dict[Request, Path] = {}
    for where, case_id, seed, file in rows:
        if (case_id, seed) in found:
            raise InputError(f"{where}: case {case_id!r}, seed {seed} has a video already; keep one line")
        found[case_id, seed] = folder / file
    return found


def _json_rows(text: str, path: Path) -> Iterator[tuple[str, str, int, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=lambda items: items)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} line {error.lineno} is not JSON: {error.msg}") from None
    if not text.lstrip().startswith("{"):
        raise InputError(f'{path} must be a JSON object {{"case": "file", ...}}')
    for case_id, file in pairs:
        if not isinstance(file, str) or not file:
            raise InputError(f"{path}: case {case_id!r} must name a file, not {json.dumps(file)}")
        yield str(path), case_id, 0, file


def _csv_rows(text: str, path: Path) -> Iterator[tuple[str, str, int, str]]:
    reader = csv.DictReader(text.splitlines())
    columns = reader.fieldnames or []
    if not {"case", "file"} <= set(columns) or set(columns) - {"case", "seed", "file"}:
        raise InputError(
            f"{path} has the columns {', '.join(columns) or '(none)'}; expected case, file and perhaps seed"
        )
    for row in reader:
        where = f"{path} line {reader.line_num}"
        case_id, seed, file = row["case"], row.get("seed") or "0", row["file"]
        if not case_id or not file or None in row:
            raise InputError(f"{where} must have {len(columns)} cells, with a case and a file")
        if not seed.isdecimal() or len(seed) > 18:
            raise InputError(f"{where}: seed {seed!r} is not a whole number")
        yield where, case_id, check_seed(int(seed), f"{where}: "), file
