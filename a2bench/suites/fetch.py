"""Bring the images of a suite that do not lie beside it: from a folder, a pack or a hub, into our cache.

Each image is verified by the hash that the suite names and then put in place in one step, so what is there is whole,
and the same command goes on where it stopped. Only images that the suite names are read, whatever else a source holds.
Without a source that somebody names, they come as `a2bench.suites.public` says.
"""

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from a2bench.assets.download import DownloadError
from a2bench.assets.extras import install_line
from a2bench.base.archives import ArchiveLimits, checked_zip, read_member
from a2bench.base.data import cache_dir, fetched_path
from a2bench.base.files import write_atomically
from a2bench.base.hashing import bytes_sha256, file_sha256
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Case, ImageFile, Suite
from a2bench.suites.pack import case_images, suite_images
from a2bench.suites.sources import remedy

MAX_BYTES = 25_000_000
"""Of one image."""
_LIMITS = ArchiveLimits(member_bytes=MAX_BYTES)

Read = Callable[[ImageFile], bytes]
"""Gives the bytes of an image, or raises `AbsentImageError`."""
Tell = Callable[[str, str | None], None]
"""Called with the file of an image and why it is not here, or None, as soon as its fate is known."""


class AbsentImageError(CaseError):
    """A source does not have an image."""


@dataclass
class FetchResult:
    """What became of each image of a suite, by file.

    beside: came with the suite. kept: fetched before. fetched: now. failures: why one is not here. pack_only: not here,
    and only a pack has them. pack_failure: why the pack that the suite names could not be used.
    """

    beside: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    pack_only: list[str] = field(default_factory=list)
    pack_failure: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every image of the suite is on this machine."""
        return not self.failures and not self.pack_only


def missing_images(suite: Suite) -> list[ImageFile]:
    """The images of a suite that are neither beside it nor fetched."""
    return [image for image in suite_images(suite).values() if not image.path.is_file()]


def runnable_cases(suite: Suite) -> list[Case]:
    """The cases whose images are all here, second views and cut-outs included."""
    missing = {image.file for image in missing_images(suite)}
    return [case for case in suite.cases if not any(image.file in missing for image in case_images(case))]


def require_images(suite: Suite) -> None:
    """Refuse a suite whose images are not all here.

    Raises:
        CaseError: how many are missing, and what to type.
    """
    missing = missing_images(suite)
    if missing:
        raise CaseError(
            f"{len(missing)} of the {len(suite_images(suite))} images of {suite.name} are not here (one is "
            f"{missing[0].file}); {remedy(suite, missing)}"
        )


def sorted_images(suite: Suite) -> tuple[FetchResult, list[ImageFile]]:
    """Which images are here, and those that are not or are damaged."""
    result, wanted = FetchResult(), []
    for file, image in suite_images(suite).items():
        kept = fetched_path(image.sha256, image.path.suffix)
        if (image.root / file).is_file():
            result.beside.append(file)
        elif kept.is_file() and file_sha256(kept) == image.sha256:
            result.kept.append(file)
        else:
            wanted.append(image)
    return result, wanted


def fetch_images(suite: Suite, source: str, tell: Tell | None = None) -> FetchResult:
    """Fetch what is missing from a source that somebody names.

    source: a folder with the images at their paths, a ``.zip`` archive, or ``hub:OWNER/NAME@REVISION`` (a data set).

    Raises:
        InputError: the source cannot be used at all, the network fails, or the cache cannot be written.
    """
    result, wanted = sorted_images(suite)
    with _opened(source) as read:
        for image in wanted:
            try:
                keep_image(image, verified(image, read(image)))
            except AbsentImageError as error:
                result.failures[image.file] = str(error)
            else:
                result.fetched.append(image.file)
            if tell:
                tell(image.file, result.failures.get(image.file))
    return result


def verified(image: ImageFile, data: bytes) -> bytes:
    """The bytes, if they are the ones that the suite names.

    Raises:
        AbsentImageError: they are not.
    """
    found = bytes_sha256(data)
    if found != image.sha256:
        raise AbsentImageError(f"has SHA-256 {found[:12]}..., but the suite names {image.sha256[:12]}...; not kept")
    return data


def keep_image(image: ImageFile, data: bytes) -> None:
    """Put verified bytes in place in one step.

    Raises:
        InputError: the cache cannot be written.
    """
    path = fetched_path(image.sha256, Path(image.file).suffix)
    with explained_cache_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)


@contextmanager
def explained_cache_errors(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into a sentence that says how to go on.

    Raises:
        InputError: in place of any ``OSError`` but a `DownloadError`.
    """
    try:
        yield
    except DownloadError:  # is the network's, not the disk's
        raise
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror or error}; make room or set A2BENCH_CACHE to another "
            "folder, then run the same command again: what was fetched is kept"
        ) from error


# --- sources --------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: str) -> Iterator[Read]:
    if source.startswith("hub:"):
        with _hub(source) as read:
            yield read
    elif Path(source).is_dir():
        yield lambda image: _read_file(Path(source), image)
    elif Path(source).is_file():
        with opened_archive(Path(source)) as read:
            yield read
    else:
        raise InputError(f"no {source}; expected a folder, a .zip archive, or hub:OWNER/NAME@REVISION")


def _read_file(folder: Path, image: ImageFile) -> bytes:
    path = folder / image.file
    if not path.is_file():
        raise AbsentImageError(f"is not in {folder}")
    if path.stat().st_size > MAX_BYTES:
        raise AbsentImageError(f"has more than {MAX_BYTES / 1e6:.0f} MB")
    return path.read_bytes()


@contextmanager
def opened_archive(path: Path) -> Iterator[Read]:
    """Read images from a pack that is an archive.

    Raises:
        InputError: it is no archive or a hostile one.
    """
    with checked_zip(path, _LIMITS) as archive:
        yield lambda image: _read_packed(archive, image)


def _read_packed(archive: zipfile.ZipFile, image: ImageFile) -> bytes:
    try:
        return read_member(archive, image.file, _LIMITS)
    except KeyError:
        raise AbsentImageError(f"is not in {archive.filename}") from None
    except InputError as error:
        raise AbsentImageError(str(error)) from None


@contextmanager
def _hub(source: str) -> Iterator[Read]:
    match = re.fullmatch(r"hub:([\w.-]+/[\w.-]+)@([\w./-]+)", source)
    if not match:
        raise InputError(f"{source!r} is not hub:OWNER/NAME@REVISION, such as hub:OWNER/NAME@main")
    if os.environ.get("A2BENCH_OFFLINE"):
        raise InputError("the network is closed (A2BENCH_OFFLINE is set); fetch from a folder or an archive")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import RemoteEntryNotFoundError
    except ImportError:
        raise InputError(f"fetching from a hub needs a package; type `{install_line('leaderboard')}`") from None
    repository, revision = match.groups()
    # Downloads lie here until they are verified; an interrupted one goes on where it stopped.
    folder = cache_dir() / "downloads" / f"{repository.replace('/', '--')}@{revision.replace('/', '-')}"

    def read(image: ImageFile) -> bytes:
        try:
            path = hf_hub_download(
                repository,
                image.file,
                repo_type="dataset",
                revision=revision,
                local_dir=folder,
                endpoint=os.environ.get("HF_ENDPOINT"),
            )
        except RemoteEntryNotFoundError:
            raise AbsentImageError(f"is not in {source}") from None
        except (OSError, ValueError, RuntimeError) as error:  # hub, network and disk errors all derive from these
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(
                f"{image.file} could not be fetched from {source}: {reason}; run the same command again to go on"
            ) from error
        data = _read_file(Path(path).parents[len(Path(image.file).parts) - 1], image)
        Path(path).unlink()
        return data

    yield read
    shutil.rmtree(folder, ignore_errors=True)
