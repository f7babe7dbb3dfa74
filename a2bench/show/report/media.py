"""The pictures and videos of a report: copies of the videos, a strip of frames per video, thumbnails of references.

Strips and posters were drawn when the video was scored, or for an earlier report; only a video without them is decoded.
A report shares no file with a run: who edits the one must not change the other.
"""

import contextlib
import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from a2bench.base.files import copy_file, file_key, replacing
from a2bench.errors import CaseError, OutputError, VideoError
from a2bench.model.cases import ImageFile
from a2bench.model.pictures import draw_pictures, picture_paths, strip_frames
from a2bench.model.records import SampleRecord, VideoFile
from a2bench.model.video import read_video
from a2bench.run.store import RunStore

logger = logging.getLogger(__name__)

REFERENCE_SIDE = 320


@dataclass(frozen=True)
class VideoMedia:
    """Paths below the report folder, and the frames that the strip shows; empty with a ``problem`` instead."""

    video: str | None = None
    poster: str | None = None
    strip: str | None = None
    strip_frames: tuple[int, ...] = ()
    problem: str | None = None


class MediaFolder:
    """``media/`` of a report that is being written.

    Args:
        report: folder of the report, new and empty.
        earlier: media folders, of runs and reports, to copy pictures from.
        replaced: folder of the report whose place this one takes: what it has already is not copied again.
    """

    def __init__(self, report: Path, earlier: Iterable[Path] = (), replaced: Path | None = None) -> None:
        self.report = report
        self.earlier = tuple(folder for folder in earlier if folder.is_dir())
        self.replaced = replaced.resolve() if replaced else None
        self._references: dict[str, tuple[str | None, str | None]] = {}

    def add_video(self, store: RunStore, run: str, record: SampleRecord) -> VideoMedia:
        """Copy the video of a finished sample and make its pictures."""
        problem = video_problem(store, record)
        if problem is not None or record.video is None:
            return VideoMedia(problem=problem)
        source = store.video_path(record)
        video = f"media/videos/{file_key(run)}/{file_key(record.case)}-seed{record.seed}{video_suffix(source)}"
        self._copy_video(source, video, record.video)
        pictures = self.add_pictures(source, record.video)
        if pictures is None:
            return VideoMedia(video=video)
        return VideoMedia(video, *pictures, strip_frames(record.video.num_frames))

    def _copy_video(self, source: Path, name: str, video: VideoFile) -> None:
        """Copy a video, unless the replaced report has it: a file of this name, size and time, as runs know theirs."""
        target = self.report / name
        if target.exists():
            raise OutputError(f"two videos of this report would be one file, {name}; please report this")
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._keep(name, video.bytes, video.mtime_ns):
            return
        copy_file(source, target)
        with contextlib.suppress(OSError, OverflowError):  # a record from outside may name any time
            os.utime(target, ns=(video.mtime_ns, video.mtime_ns))

    def _keep(self, name: str, size: int | None = None, mtime_ns: int | None = None) -> bool:
        """Give the new report a file of the one that it replaces; False where that has none, or not that file alone.

        Reports of A2Bench 0.1.0 share videos with their runs: a file with another name elsewhere is never taken.
        """
        if self.replaced is None:
            return False
        old, target = self.replaced / name, self.report / name
        try:
            facts = old.lstat()
            if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1 or old.resolve() != old or facts.st_size == 0:
                return False
            if size is not None and (facts.st_size, facts.st_mtime_ns) != (size, mtime_ns):
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(old)  # until the old report is removed, in a moment
        except OSError:
            return False
        return True

    def add_pictures(self, source: Path, video: VideoFile, draw: bool = True) -> tuple[str, str] | None:
        """Paths of a video's poster and strip below the report folder; None where there are none.

        Args:
            source: the video.
            video: its record.
            draw: decode the video when there are no pictures of it yet.
        """
        paths = picture_paths(self.report / "media", file_key(video.sha256))
        strip, poster = (path.relative_to(self.report).as_posix() for path in (paths.strip, paths.poster))
        if not (self._taken_over(strip) and self._taken_over(poster)):
            if not draw:
                return None
            try:
                draw_pictures(read_video(source), paths)
            except (VideoError, OSError, ValueError) as error:
                logger.warning("no pictures of %s: %s", source.name, error)
                return None
        return poster, strip

    def add_reference(self, image: ImageFile) -> tuple[str | None, str | None]:
        """Make the thumbnail of a reference: its path below the report folder, or None and why not."""
        if image.sha256 not in self._references:
            self._references[image.sha256] = self._draw_reference(image)
        return self._references[image.sha256]

    def _draw_reference(self, image: ImageFile) -> tuple[str | None, str | None]:
        for suffix in ("jpg", "png"):
            name = f"media/references/{image.sha256[:32]}.{suffix}"
            if self._taken_over(name):
                return name, None
        try:
            with Image.open(image.verified_path()) as opened:
                opened.draft("RGB", (2 * REFERENCE_SIDE, 2 * REFERENCE_SIDE))
                picture = ImageOps.exif_transpose(opened)
                has_alpha = picture.has_transparency_data
                picture = picture.convert("RGBA" if has_alpha else "RGB")
        except (CaseError, OSError, ValueError, Image.DecompressionBombError) as error:
            return None, "the image is missing or altered" if isinstance(error, CaseError) else "not a readable image"
        picture.thumbnail((REFERENCE_SIDE, REFERENCE_SIDE), Image.Resampling.LANCZOS)
        suffix = "png" if has_alpha else "jpg"
        path = self.report / f"media/references/{image.sha256[:32]}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            picture.save(temporary, quality=85, optimize=True)
        return path.relative_to(self.report).as_posix(), None

    def _taken_over(self, name: str) -> bool:
        target = self.report / name
        if target.is_file() or self._keep(name):
            return True
        for folder in self.earlier:
            earlier = folder.joinpath(*name.split("/")[1:])
            if earlier.is_file() and not earlier.is_symlink() and earlier.stat().st_size > 0:
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_file(earlier, target)
                return True
        return False


def video_suffix(source: Path) -> str:
    """The suffix of a video file, if it is one that a web server knows."""
    suffix = source.suffix.lower()
    return suffix if suffix in (".mp4", ".mov", ".webm", ".mkv", ".avi") else ".mp4"


def video_problem(store: RunStore, record: SampleRecord) -> str | None:
    """Why the video of a sample cannot be shown; None when its file is there as it was recorded."""
    if record.video is None:
        return record.error or "no video"
    return _outside(store, record) or store.damage(record)


def _outside(store: RunStore, record: SampleRecord) -> str | None:
    """A run folder may come from anybody: its records must not name files elsewhere on this machine."""
    inside = store.video_path(record).resolve().is_relative_to(store.folder.resolve())
    return None if inside else "its record names a file outside of the run folder"
