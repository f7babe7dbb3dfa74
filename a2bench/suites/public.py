"""Bring the images of a suite from where everybody can have them, without naming a source.

First the reference pack, if the suite's own file names one (``pack`` in ``NAME.suite.json``); then, for what is still
missing, the public repositories of the catalogue, file by file at a commit, where a row says that the image is a byte
copy. What we scaled, cropped or rendered is in the pack only.

Downloads lie in our cache until their hash was verified; an interrupted one goes on where it stopped.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from a2bench.assets.download import DownloadError, Told, download_all
from a2bench.base.data import cache_dir, fetched_path
from a2bench.base.files import sync_folder
from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench.model.cases import ImageFile, Suite
from a2bench.model.catalogue import PublicFile
from a2bench.suites.fetch import (
    MAX_BYTES,
    AbsentImageError,
    FetchResult,
    Tell,
    explained_cache_errors,
    keep_image,
    opened_archive,
    sorted_images,
    verified,
)
from a2bench.suites.pack import PackAddress
from a2bench.suites.sources import NAMED_SOURCES, pack_address, public_copies, raw_url

MAX_PACK_BYTES = 1_000_000_000
PACK = "reference pack"
"""What progress calls the pack."""

ToldFile = Callable[[str, int, int], None]
"""Called with what is being fetched, the bytes that are there and the bytes of the whole."""


class PublicFetch:
    """What is to be fetched of a suite, and from where; nothing is asked of the network before `run`.

    result: what is here already; `run` completes it. wanted: the images that are not here. pack: where the reference
    pack is, if anywhere. copies: the public files of those wanted images that are byte copies.

    Raises:
        CaseError: the suite's file or its catalogue is not as it should be.
        InputError: images are missing and there is no public place for any image of the suite, or a setting is wrong.
    """

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.result, self.wanted = sorted_images(suite)
        every_copy = public_copies(suite) if self.wanted else {}
        self.copies = {image.file: every_copy[image.file] for image in self.wanted if image.file in every_copy}
        self.pack = pack_address(suite) if self.wanted else None
        if self.wanted and not self.pack and not every_copy:
            raise InputError(
                f"{len(self.wanted)} images of {suite.name} are not here and no public place has them: its "
                f"{suite.path.stem}.suite.json names no pack and its catalogue.csv no public copy; "
                f"type `a2bench suites fetch {suite.address} --from SOURCE`, with {NAMED_SOURCES} as SOURCE"
            )

    @property
    def number(self) -> int:
        """How many images may come."""
        return len(self.wanted) if self.pack else len(self.copies)

    @property
    def plan(self) -> str:
        """What will be fetched from where, in one sentence."""
        copies = list(self.copies.values())
        size = sum(copy.bytes or 0 for copy in copies) / 1e6
        repositories = len({copy.repository for copy in copies})
        images = f"{len(copies)} images, {size:.1f} MB, from {repositories} public repositories"
        if self.pack:
            then = f"; should it fail, {images}" if copies else ""
            return f"{len(self.wanted)} images from the reference pack {self.pack.url}{then}"
        rest = len(self.wanted) - len(copies)
        return images + (f"; {rest} more are only in the reference pack, which has no public address yet" * bool(rest))

    def run(self, tell: Tell = lambda *_: None, told: ToldFile = lambda *_: None) -> FetchResult:
        """Fetch, one after the other.

        Raises:
            InputError: the network is closed or fails, another fetch is under way, or the cache cannot be written;
                what was fetched is kept, and the next run goes on.
        """
        if not self.number:
            self.result.pack_only = [image.file for image in self.wanted]
            return self.result
        if os.environ.get("A2BENCH_OFFLINE"):
            raise InputError(
                f"{len(self.wanted)} images of {self.suite.name} are not here and the network is closed "
                "(A2BENCH_OFFLINE is set); fetch from a folder or an archive with --from"
            )
        folder = cache_dir() / "downloads"
        with _locked(folder):
            left = self._from_pack(folder, tell, told) if self.pack else dict.fromkeys(self._files(), None)
            for image in self.wanted:
                if image.file in left:
                    self._settle(image, left[image.file], folder, tell, told)
                else:  # what an earlier run began may still lie there
                    _partial(folder, image).unlink(missing_ok=True)
        return self.result

    def _files(self) -> list[str]:
        return [image.file for image in self.wanted]

    def _settle(self, image: ImageFile, lacking: str | None, folder: Path, tell: Tell, told: ToldFile) -> None:
        """Bring an image that did not come with a pack; ``lacking`` is why, if a pack was there."""
        copy, result = self.copies.get(image.file), self.result
        if copy:
            try:
                self._bring_copy(image, copy, folder, told)
            except AbsentImageError as error:
                result.failures[image.file] = str(error)
            else:
                result.fetched.append(image.file)
        elif lacking:
            result.failures[image.file] = lacking
        else:
            result.pack_only.append(image.file)
            return
        tell(image.file, result.failures.get(image.file))

    # --- the pack ---------------------------------------------------------------------------------------------------

    def _from_pack(self, folder: Path, tell: Tell, told: ToldFile) -> dict[str, str | None]:
        """Take what the pack has; the files that it did not give, and why if it could be read."""
        assert self.pack
        partial = folder / f"{self.pack.sha256}.zip.part"
        left: dict[str, str | None] = {}
        try:
            self._bring_pack(self.pack, partial, lambda done, whole: told(PACK, done, whole))
            with opened_archive(partial) as read:
                for image in self.wanted:
                    try:
                        keep_image(image, verified(image, read(image)))
                    except AbsentImageError as error:
                        left[image.file] = str(error).replace(str(partial), "the reference pack")
                    else:
                        self.result.fetched.append(image.file)
                        tell(image.file, None)
        except _PackError as error:
            self.result.pack_failure = str(error)
            return dict.fromkeys(self._files(), None)
        partial.unlink(missing_ok=True)
        return left

    def _bring_pack(self, pack: PackAddress, partial: Path, told: Told) -> None:
        try:
            _download(pack.url, partial, MAX_PACK_BYTES, False, pack.sha256, told)
        except DownloadError as error:
            raise _PackError(str(error)) from error
        except ValueError:
            partial.unlink(missing_ok=True)
            raise _PackError(f"{pack.url} is larger than {MAX_PACK_BYTES / 1e6:.0f} MB, the limit of a pack") from None
        except _OtherBytesError as error:
            raise _PackError(
                f"{pack.url} has SHA-256 {str(error)[:12]}..., but the suite names {pack.sha256[:12]}...; not kept"
            ) from None
        try:
            with opened_archive(partial):
                pass
        except InputError as error:
            partial.unlink()
            raise _PackError(str(error).replace(str(partial), pack.url)) from None

    # --- the public repositories ------------------------------------------------------------------------------------

    def _bring_copy(self, image: ImageFile, copy: PublicFile, folder: Path, told: ToldFile) -> None:
        if (copy.bytes or 0) > MAX_BYTES:
            raise AbsentImageError(f"is announced with {copy.bytes} bytes; the limit is {MAX_BYTES / 1e6:.0f} MB")
        final = fetched_path(image.sha256, Path(image.file).suffix)
        partial = _partial(folder, image)
        url = raw_url(copy)
        exact = copy.bytes is not None
        try:
            _download(
                url, partial, copy.bytes or MAX_BYTES, exact, image.sha256,
                lambda done, whole: told(image.file, done, whole),
            )  # fmt: skip
        except DownloadError as error:
            if error.status in (404, 410):
                raise AbsentImageError(f"{error} for {copy}") from error
            raise InputError(
                f"{image.file} could not be fetched: {error}{self._pack_trouble}; {len(self.result.fetched)} images "
                "were fetched and are kept: run the same command again to go on, or fetch from a folder or an archive "
                "with --from"
            ) from error
        except ValueError as error:
            partial.unlink(missing_ok=True)
            raise AbsentImageError(f"{error}; not kept") from None
        except _OtherBytesError as error:
            raise AbsentImageError(
                f"has SHA-256 {str(error)[:12]}... at {copy}, but the suite names {image.sha256[:12]}...; not kept"
            ) from None
        with explained_cache_errors(final.parent):
            final.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(final)
            sync_folder(final.parent)

    @property
    def _pack_trouble(self) -> str:
        return f" (nor could the reference pack be used: {self.result.pack_failure})" * bool(self.result.pack_failure)


def _partial(folder: Path, image: ImageFile) -> Path:
    return folder / f"{image.sha256}.part"


class _PackError(Exception):
    """The pack cannot be used; the text says why."""


class _OtherBytesError(Exception):
    """What came is not what was wanted; the text is the hash of what came."""


def _download(url: str, partial: Path, expected: int, exact: bool, sha256: str, told: Told) -> None:
    """Bring a whole file and verify it; what has other bytes is removed, and asked for once more if it had a past.

    Raises:
        DownloadError: the network or the server.
        ValueError: it is larger than announced.
        InputError: the disk.
    """
    if partial.is_file() and file_sha256(partial) == sha256:
        return
    for resumed in (partial.exists(), False):
        with explained_cache_errors(partial.parent):
            download_all(url, partial, expected=expected, exact=exact, told=_within_space(partial, told))
        found = file_sha256(partial)
        if found == sha256:
            return
        partial.unlink()
        if not resumed:
            raise _OtherBytesError(found)


def _within_space(partial: Path, told: Told) -> Told:
    """Before much has come: whether the disk can hold the rest of what the server announces."""
    checked = False

    def told_and_checked(done: int, whole: int) -> None:
        nonlocal checked
        free = 0 if checked else shutil.disk_usage(partial.parent).free
        if not checked and free < whole - done:
            raise InputError(
                f"{partial.parent} has {free / 1e6:.0f} MB free, but {(whole - done) / 1e6:.0f} MB are still to come; "
                "make room or set A2BENCH_CACHE to another folder, then run the same command again"
            )
        checked = True
        told(done, whole)

    return told_and_checked


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep two fetches from writing into one partial file."""
    lock = FileLock(folder / "suites.lock", timeout=0)
    with explained_cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"another `a2bench suites fetch` works in {folder}; wait for it, then run the same command again"
            ) from None
    try:
        yield
    finally:
        lock.release()
