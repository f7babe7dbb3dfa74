"""One video by hand: a prompt and references that belong to no suite, made by any system, with a record beside it.

Five lines in Python; a second call finds the model still loaded::

    from a2bench.run.one_video import generate_video

    references = [("character", "a.png"), ("object", "b.png"), ("background", "c.jpg")]
    made = generate_video("collage", "A man holds a cup in a park.", references, "out.mp4", seed=1)
    print(made.path, made.record["seconds"])
"""

import contextlib
import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from a2bench.base.files import check_outside_of_runs, explained_output_errors, sync_folder, write_atomically
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.base.inputs import check_num_frames, check_seed, check_text
from a2bench.base.invalid import complaint
from a2bench.base.text import shown_text
from a2bench.errors import AdapterError, CaseError, InputError, OutputError
from a2bench.model.cases import ROLES, Case, Element, ImageFile, Role
from a2bench.model.systems import GenerationSettings, ModelMeta, VideoModel
from a2bench.run.environment import environment
from a2bench.run.execute import Executor, InlineExecutor, Outcome, WorkItem
from a2bench.run.plan import sample_identity, unsupported
from a2bench.run.stages import system_with
from a2bench.run.store import now
from a2bench.run.work import GENERATE

SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi")
"""What a video may be called. What we encode is MP4; a system that delivers a file may deliver another."""

MAX_NAME_BYTES = 200
"""Of a video's name: file systems take 255, of which what is not finished needs a few more."""

OTHER_CASES = "a2bench-mini"
"""The suite for systems that want to know other cases, such as ``shuffled``."""


@dataclass(frozen=True)
class MadeVideo:
    """A finished video.

    path: of the video. record_path: of the JSON file beside it. record: what is in it: everything that made the video,
    its hash, and how long it took.
    """

    path: Path
    record_path: Path
    record: dict[str, Any]


def generate_video(
    model: str,
    prompt: str,
    references: Iterable[tuple[Role, str | Path]],
    output: str | Path,
    *,
    seed: int = 0,
    settings: GenerationSettings | None = None,
    options: Mapping[str, str] | None = None,
    force: bool = False,
    executor: Executor | None = None,
) -> MadeVideo:
    """Make one video and write it with its record.

    Args:
        model: a system's name or ``module:class``.
        prompt: what the video shows.
        references: role and image file of each element; roles may repeat as far as the system allows.
        output: path of the video, such as ``out.mp4``; its record becomes ``out.json``.
        seed: equal seeds give equal videos on one machine.
        settings: size, number of frames and frame rate; the system's native ones if None.
        options: of the system, as ``--set`` gives them.
        force: replace a video that exists.
        executor: where it is made; by default in this process, where the model then stays.

    Raises:
        InputError: what is asked for cannot be made; said before any work where the system can tell.
        OutputError: there is a video of that name already, or the folder cannot be written.
        AdapterError: the system made no usable video.
    """
    output, options, seed = Path(output), dict(options or {}), check_seed(seed)
    check_output(output, force=force)
    case = case_by_hand(prompt, references)
    system = system_with(model, options, OTHER_CASES)
    settings = settings or system.meta.default_settings
    check_num_frames(settings.num_frames)
    if reason := unsupported(system, case, settings):
        raise InputError(_without_case(reason, case))
    identity = sample_identity(system, options, settings, case, seed)
    with _temporary(output) as temporary:
        argument = {
            "adapter": model,
            "options": options,
            "suite": OTHER_CASES,
            "case": case.model_dump(mode="json"),
            "references": str(case.elements[0].reference.root),
            "seed": seed,
            "settings": settings.model_dump(mode="json"),
            "temporary": str(temporary),
        }
        outcome = _only(executor or InlineExecutor(), WorkItem("video", GENERATE, argument))
        _raise_unless_done(outcome, case)
        path = output.with_suffix(Path(outcome.result["temporary"]).suffix)
        with explained_output_errors(path.parent):
            Path(outcome.result["temporary"]).replace(path)
            sync_folder(path.parent)
    record = _record(path, case, system, model, options, identity, outcome)
    with explained_output_errors(path.parent):
        write_atomically(path.with_suffix(".json"), (json.dumps(record, indent=2) + "\n").encode())
    return MadeVideo(path, path.with_suffix(".json"), record)


def system_meta(model: str, options: Mapping[str, str]) -> ModelMeta:
    """What a system with these options says about itself; imports nothing heavy.

    Raises:
        InputError: unknown name, wrong options.
    """
    return system_with(model, dict(options), OTHER_CASES).meta


def case_by_hand(prompt: str, references: Iterable[tuple[Role, str | Path]]) -> Case:
    """A case that is in no suite.

    Raises:
        CaseError: an empty prompt, no reference, a file that is not there, or several backgrounds.
        InputError: a prompt or a name of a file that is not valid text.
    """
    if not check_text(prompt, "the prompt").strip():
        raise CaseError("the prompt is empty; say what the video shows, such as --prompt 'A man in a park.'")
    images: list[tuple[Role, ImageFile]] = [(role, _image(role, Path(path))) for role, path in references]
    if not images:
        raise CaseError("no reference was given; add --character, --object or --background with an image file")
    try:
        # By hand nobody says which words name the element: the whole prompt does.
        elements = [Element(role=role, phrase=prompt, reference=image) for role, image in images]
        return Case(id="by-hand", prompt=prompt, elements=tuple(elements))
    except ValidationError as error:
        raise CaseError(complaint(error).text()) from None


def check_output(output: Path, *, force: bool) -> None:
    """Refuse a name under which no video can be written.

    Raises:
        OutputError: a video or a record is there already, or there is no such folder.
        InputError: it is not called like a video.
    """
    check_text(str(output), "the name of the video")
    if len(os.fsencode(output.name)) > MAX_NAME_BYTES:
        raise InputError(f"the name of the video has {len(os.fsencode(output.name))} bytes; give it a shorter one")
    check_outside_of_runs(output)
    if output.suffix.lower() not in SUFFIXES:
        raise InputError(f"{output} is not called like a video; expected a name that ends with .mp4")
    if not output.parent.is_dir():
        raise OutputError(f"no folder {output.parent} to write {output.name} into; make it first")
    there = [path for suffix in (*SUFFIXES, ".json") if (path := output.with_suffix(suffix)).exists()]
    if there and not force:
        raise OutputError(f"{there[0]} exists; choose another name with --output, or replace it with --force")


def _image(role: Role, path: Path) -> ImageFile:
    if role not in ROLES:
        raise CaseError(f"the role {role!r} of {path} must be one of {', '.join(ROLES)}")
    check_text(str(path), f"the name of the {role}'s reference")
    try:
        there = path.is_file()
    except OSError as error:  # a name that no file can have
        raise CaseError(f"the {role}'s reference {str(path)[:80]!r} is not there: {error.strerror}") from None
    if not there:
        raise CaseError(f"the {role}'s reference {path} is not there: no such file")
    whole = path.resolve()
    root = Path(whole.anchor)
    return ImageFile(file=whole.relative_to(root).as_posix(), sha256=file_sha256(whole), root=root)


@contextlib.contextmanager
def _temporary(output: Path) -> Iterator[Path]:
    """A name beside the output for what is not finished; whatever is left of it is removed."""
    temporary = output.with_name(f".tmp-{output.stem}-{os.getpid()}")
    try:
        yield temporary
    finally:
        for left in output.parent.glob(f"{glob.escape(temporary.name)}.*"):
            left.unlink()


def _only(executor: Executor, item: WorkItem) -> Outcome:
    (outcome,) = executor.run([item])
    return outcome


def _raise_unless_done(outcome: Outcome, case: Case) -> None:
    if outcome.status == "done":
        return
    error = _without_case(outcome.error or "unknown error", case)
    if outcome.status == "output":
        raise OutputError(error)
    if outcome.refused:
        raise InputError(error)
    failure = AdapterError(error)
    if outcome.traceback:
        failure.add_note(outcome.traceback)
    raise failure


def _without_case(error: str, case: Case) -> str:
    """An error without the name of the case, which nobody gave."""
    return error.removeprefix(f"case {case.id!r}: ").replace(f"case {case.id!r} has", "this has")


def _without_places(value: Any) -> Any:
    """A JSON value whose texts do not say where files lie on this machine; hashes say which files they are."""
    if isinstance(value, dict):
        return {key: _without_places(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_places(part) for part in value]
    return shown_text(value) if isinstance(value, str) else value


def _record(
    path: Path,
    case: Case,
    system: VideoModel,
    model: str,
    options: Mapping[str, str],
    identity: dict[str, Any],
    outcome: Outcome,
) -> dict[str, Any]:
    video = {key: value for key, value in outcome.result.items() if key not in ("temporary", "making")}
    return {
        "schema_version": 1,
        "video": {"file": path.name, "bytes": path.stat().st_size, **video},
        "prompt": case.prompt,
        "references": [
            {"role": element.role, "file": element.reference.path.name, "sha256": element.reference.sha256}
            for element in case.elements
        ],
        "seed": identity["seed"],
        "settings": identity["settings"],
        "departures": system.meta.departures(GenerationSettings.model_validate(identity["settings"])),
        "system": system.meta.model_dump(mode="json"),
        "adapter": model,
        "options": _without_places(dict(options)),
        "key": value_sha256(identity),
        "identity": {**identity, "system": _without_places(identity["system"])},
        **outcome.result["making"],
        "remarks": list(outcome.result["making"]["remarks"]),
        "seconds": round(outcome.seconds, 3),
        "counts": outcome.counts,
        "environment": environment(),
        "finished": now(),
    }
