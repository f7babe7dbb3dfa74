"""Where the weights are: a local folder, or the local copy of a hub repository at one revision.

Nothing is downloaded here: 60 GB come only by a command that says so.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from a2bench.e2v.checkpoint import COMPONENTS, check_folder, fingerprint
from a2bench.errors import WeightsError

REPOSITORY = "Skywork/SkyReels-A2"
HOW = (
    f"`hf download {REPOSITORY} --revision COMMIT --local-dir DIR` (about 60 GB), then --set weights=DIR; or the same "
    f"without --local-dir, then --set weights={REPOSITORY}@COMMIT"
)


@dataclass(frozen=True)
class Weights:
    """A checkpoint on this machine, in the published layout.

    revision: changes with the weights: the hub's commit, or a fingerprint of a local folder.
    """

    folder: Path
    revision: str


def find_weights(text: str) -> Weights:
    """The checkpoint that a ``weights`` option names: a folder, or ``OWNER/NAME@COMMIT``.

    Raises:
        WeightsError: nothing there, or not a complete checkpoint; the message says what to type.
    """
    if not text:
        raise WeightsError(f"SkyReels-A2 needs its weights: --set weights=DIR; get them with {HOW}")
    folder = Path(text).expanduser()
    if folder.is_dir():
        check_folder(folder)
        return Weights(folder.resolve(), fingerprint(folder))
    hub = re.fullmatch(r"([\w.-]+/[\w.-]+)(?:@(.*))?", text)
    if not hub or text.startswith((".", "/", "~")):
        raise WeightsError(f"no weights at {text!r}: no such folder; get them with {HOW}")
    repository, revision = hub.group(1), hub.group(2)
    if not re.fullmatch(r"[0-9a-f]{40}", revision or ""):
        raise WeightsError(
            f"no weights at {text!r}: neither a folder nor a pinned hub repository; name its commit (40 hex digits) as "
            f"{repository}@COMMIT, so that the same run always means the same weights"
        )
    folder = _snapshot(repository, revision)
    check_folder(folder)
    return Weights(folder, revision[:12])


def _snapshot(repository: str, revision: str) -> Path:
    """The folder of a revision in the hub client's cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise WeightsError("weights of a hub need a package; type `pip install 'a2bench[e2v]'`") from None
    wanted = [f"{name}/*" for name in COMPONENTS]
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=wanted, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise WeightsError(
            f"{repository}@{revision} is not on this machine; type `hf download {repository} --revision {revision}` "
            "(an interrupted download goes on where it stopped), or give a local folder with --set weights=DIR"
        ) from error
