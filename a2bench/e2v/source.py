"""Where the weights are: what was fetched, a local folder, or the local copy of a hub repository at one revision.

Nothing is downloaded here: 60 GB and more come only by a command that says so.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from a2bench.assets.checkpoints import Checkpoint, checkpoint, refuse_interrupted
from a2bench.assets.extras import install_line
from a2bench.e2v.checkpoint import SKYREELS_A2, Layout, check_folder, fingerprint
from a2bench.e2v.foreign import refuse_file
from a2bench.errors import WeightsError


@dataclass(frozen=True)
class Weights:
    """A checkpoint on this machine, in the published layout.

    revision: changes with the weights: the hub's commit, or a fingerprint of a local folder.
    """

    folder: Path
    revision: str


def find_weights(text: str, name: str = "skyreels-a2", layout: Layout = SKYREELS_A2) -> Weights:
    """The checkpoint that a ``weights`` option names: a folder, or ``OWNER/NAME@COMMIT``; if empty, the fetched one.

    Args:
        text: the option.
        name: in `a2bench.assets.checkpoints.CHECKPOINTS`.
        layout: what must be there.

    Raises:
        WeightsError: nothing there, or not a complete checkpoint; the message says what to type.
    """
    wanted = checkpoint(name)
    size = f" (about {wanted.size})" if wanted.size else ""
    how = f"type `{wanted.command}`{size}, or name a folder that has them with --weights DIR"
    folder = Path(text).expanduser() if text else wanted.folder
    if folder.is_dir():
        refuse_interrupted(folder)
        check_folder(folder, layout)
        return Weights(folder.resolve(), fingerprint(folder, layout))
    if folder.is_file():
        refuse_file(folder, layout.title, wanted.command)
    if not text:
        raise WeightsError(f"{layout.title} needs its weights, which are not on this machine; {how}")
    hub = re.fullmatch(r"([\w.-]+/[\w.-]+)(?:@(.*))?", text)
    if not hub or text.startswith((".", "/", "~")):
        raise WeightsError(f"no weights at {text!r}: no such folder; {how}")
    repository, revision = hub.group(1), hub.group(2)
    if not re.fullmatch(r"[0-9a-f]{40}", revision or ""):
        raise WeightsError(
            f"no weights at {text!r}: neither a folder nor a pinned hub repository; name its commit (40 hex digits) as "
            f"{repository}@COMMIT, so that the same run always means the same weights"
        )
    folder = _snapshot(repository, revision, wanted)
    check_folder(folder, layout)
    return Weights(folder, revision[:12])


def _snapshot(repository: str, revision: str, wanted: Checkpoint) -> Path:
    """The folder of a revision in the hub client's cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise WeightsError(f"weights of a hub need a package; type `{install_line('e2v')}`") from None
    patterns = [f"{folder}/*" for folder in wanted.folders]
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=patterns, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise WeightsError(
            f"{repository}@{revision} is not in the hub client's cache; type "
            f"`{wanted.command} --revision {revision}`, or name a folder that has it with --weights DIR"
        ) from error
