"""Checkpoints of whole systems: where they come from, whether they are on this machine and every byte of them right.

A checkpoint is a folder of tens of gigabytes in the layout of its hub repository. ``a2bench weights fetch`` (see
`a2bench.assets.checkpoints_fetch`) leaves a record in it with the repository's commit and each file's hash; by that
record it is found, verified and gone on with, offline.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from a2bench.base.data import cache_dir
from a2bench.errors import UnknownNameError, WeightsError

RECORD = "a2bench-checkpoint.json"


@dataclass(frozen=True)
class Checkpoint:
    """What a system's weights are and where they are published.

    name: of the system, or of one of its sizes. folders: of the repository that are needed. gigabytes: how much that is
    at least and at most, None where it is not known before the hub is asked.
    """

    name: str
    what: str
    repository: str
    folders: tuple[str, ...]
    licence: str
    commercial_use: bool
    gigabytes: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """Where it lies unless another folder was chosen."""
        return cache_dir() / "checkpoints" / self.name

    @property
    def size(self) -> str:
        """How much will come, in words; empty where it is not known.

        >>> CHECKPOINTS["skyreels-a2"].size
        '60 to 91 GB'
        """
        return "{} to {} GB".format(*self.gigabytes) if self.gigabytes else ""

    @property
    def command(self) -> str:
        """What to type to get it."""
        return f"a2bench weights fetch {self.name}"

    def wants(self, path: str) -> bool:
        """Whether a file of the repository is needed: weights as safetensors, settings, tokenizers."""
        top, slash, rest = path.partition("/")
        return path == "model_index.json" or bool(slash) and top in self.folders and self._is_used(top, rest)

    def _is_used(self, folder: str, rest: str) -> bool:
        # The face networks of ConsisID are published as pickles and ONNX only; all else as safetensors too.
        return folder == "face_encoder" or not rest.endswith((".bin", ".pt", ".pth", ".ckpt", ".md", ".msgpack", ".h5"))


_WAN = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
CHECKPOINTS = {
    checkpoint.name: checkpoint
    for checkpoint in (
        Checkpoint(
            "skyreels-a2",
            "SkyReels-A2-Wan2.1-14B-Preview",
            "Skywork/SkyReels-A2",
            (*_WAN, "image_encoder", "image_processor"),
            "Apache-2.0 (as tagged by Skywork; their code: Skywork community licence)",
            True,
            # What nobody here has seen is the transformer: 32.8 GB in bfloat16, 65.6 GB in float32, as Wan's own is
            # published. Text encoder 22.7 GB, image encoder 1.3 to 2.5 GB, VAE 0.5 GB.
            (60, 91),
        ),
        Checkpoint("wan-vace-1.3b", "Wan2.1-VACE, 1.3B", "Wan-AI/Wan2.1-VACE-1.3B-diffusers", _WAN, "Apache-2.0", True),
        Checkpoint("wan-vace-14b", "Wan2.1-VACE, 14B", "Wan-AI/Wan2.1-VACE-14B-diffusers", _WAN, "Apache-2.0", True),
        Checkpoint(
            "consisid",
            "ConsisID (preview), with its face networks",
            "BestWishYsh/ConsisID-preview",
            (*_WAN, "face_encoder"),
            "Apache-2.0 as tagged; it builds on CogVideoX-5B (CogVideoX licence) and InsightFace's antelopev2 "
            "(non-commercial research)",
            False,
        ),
    )
}


def checkpoint(name: str) -> Checkpoint:
    """The checkpoint of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in CHECKPOINTS:
        raise UnknownNameError("checkpoint", name, CHECKPOINTS)
    return CHECKPOINTS[name]


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedFile(_Recorded):
    """A file of a checkpoint.

    sha256: of its bytes; for files that the hub does not keep in large-file storage it becomes known when the file is
    here. git_sha1: the hub's own hash of those.
    """

    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    git_sha1: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class Record(_Recorded):
    """What a folder is a copy of, written into it.

    revision: the repository's commit; None for a copy of a local folder that did not say. complete: whether all files
    have come and were right.
    """

    schema_version: Literal[1] = 1
    name: str
    repository: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    licence: str
    complete: bool = False
    files: dict[Annotated[str, Field(pattern=r"^\w[\w.+ -]*(/\w[\w.+ -]*)*$")], RecordedFile]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files.values())


def read_record(folder: Path) -> Record | None:
    """The record in a folder, or None where there is none.

    Raises:
        WeightsError: it is damaged.
    """
    path = folder / RECORD
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise WeightsError(f"{path} is damaged ({str(error).splitlines()[0]}); remove it and fetch again") from None


def write_record(folder: Path, record: Record) -> None:
    """Replace the record in a folder in one step."""
    temporary = folder / f".tmp-{RECORD}-{os.getpid()}"
    temporary.write_text(json.dumps(record.model_dump(), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / RECORD)


def refuse_interrupted(folder: Path) -> None:
    """Refuse a folder whose fetching was interrupted.

    Raises:
        WeightsError: says what to type to go on.
    """
    record = read_record(folder)
    if record and not record.complete:
        missing = [path for path in record.files if not (folder / path).is_file()]
        known = CHECKPOINTS.get(record.name)
        to = "" if known and folder.resolve() == known.folder.resolve() else f" --to {folder}"
        raise WeightsError(
            f"fetching {record.name} into {folder} was interrupted, {len(missing)} of {len(record.files)} files are "
            f"missing; to go on, type `a2bench weights fetch {record.name}{to}`"
        )


class Hashes(BaseModel):
    """Of a file's bytes: SHA-256, and SHA-1 as git counts it."""

    sha256: str
    git_sha1: str


CHUNK = 1 << 22


def file_hashes(path: Path, told: Callable[[int], None] = lambda _: None) -> Hashes:
    """Both hashes in one reading; ``told`` is called with the bytes of each piece read."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            sha256.update(piece)
            sha1.update(piece)
            told(len(piece))
    return Hashes(sha256=sha256.hexdigest(), git_sha1=sha1.hexdigest())


def complaint(expected: RecordedFile, path: Path, told: Callable[[int], None] = lambda _: None) -> str | None:
    """Why a file is not the one of the record, or None when it is."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != expected.bytes:
        return f"has {size} bytes, expected {expected.bytes}"
    found = file_hashes(path, told)
    if expected.sha256 and found.sha256 != expected.sha256:
        return f"was altered: its SHA-256 is {found.sha256[:12]}..., expected {expected.sha256[:12]}..."
    if not expected.sha256 and expected.git_sha1 and found.git_sha1 != expected.git_sha1:
        return f"was altered: its git hash is {found.git_sha1[:12]}..., expected {expected.git_sha1[:12]}..."
    return None


def verify(folder: Path, told: Callable[[int], None] = lambda _: None) -> Iterator[tuple[str, str]]:
    """Hash every file of a fetched checkpoint; yields ``(path, what is wrong)``.

    Raises:
        WeightsError: the folder has no record to compare with.
    """
    record = read_record(folder)
    if record is None:
        raise WeightsError(
            f"{folder} has no {RECORD} to compare with: it was not fetched by `a2bench weights fetch`; "
            f"`a2bench weights fetch NAME --from {folder} --to DIR` makes a copy that can be verified"
        )
    for path, file in record.files.items():
        wrong = complaint(file, folder / path, told)
        if wrong:
            yield path, wrong


@dataclass(frozen=True)
class State:
    """Whether a checkpoint is on this machine. ``bytes``: of all its files, None until a listing has told them."""

    status: Literal["here", "interrupted", "missing"]
    folder: Path
    bytes: int | None = None
    revision: str | None = None


def state(wanted: Checkpoint, folder: Path | None = None) -> State:
    """Whether a checkpoint lies in its folder (or another); files are not read."""
    folder = folder or wanted.folder
    record = read_record(folder)
    if record is None:
        return State("missing", folder)
    whole = record.complete and all((folder / path).is_file() for path in record.files)
    return State("here" if whole else "interrupted", folder, record.bytes, record.revision)
