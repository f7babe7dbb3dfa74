"""Does an adapter keep the promises that the harness relies on? Tried out on two tiny drawn cases."""

import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw

from a2bench.base import registry
from a2bench.base.hashing import canonical_json, file_sha256
from a2bench.errors import A2BenchError, AdapterError, CaseError, InputError
from a2bench.model.blank import blank_remark
from a2bench.model.cases import Case, Element, ImageFile, Role, Suite
from a2bench.model.systems import GenerationSettings, ModelMeta, VideoModel
from a2bench.model.video import Video, read_video

SETTINGS = GenerationSettings(width=128, height=96, num_frames=9, fps=Fraction(8))
HEAVY = ("torch", "tensorflow", "jax", "diffusers", "transformers")
"""Packages that take seconds to import; a system imports them when it first generates."""
MAX_SECONDS = 1.0
"""How long making an instance may take."""


@dataclass(frozen=True)
class Check:
    """One promise. ``note`` is something worth knowing that is no failure; ``advice`` says what to do."""

    name: str
    status: Literal["pass", "fail", "note"]
    found: str = ""
    advice: str = ""


def check_adapter(
    name: str, options: Mapping[str, str], settings: GenerationSettings = SETTINGS, instance: VideoModel | None = None
) -> Iterator[Check]:
    """Check the adapter of a name (or ``module:class``), one promise after another, as they are found out.

    ``instance`` is checked instead of making one.
    """
    system: Any = instance if instance is not None else (yield from construction("adapter", name, options))
    if system is None:
        return
    meta = getattr(system, "meta", None)
    if not isinstance(meta, ModelMeta):
        yield Check("meta", "fail", f"meta is {type(meta).__name__}", "set the class attribute meta = ModelMeta(...)")
        return
    yield _meta(meta)
    with tempfile.TemporaryDirectory(prefix="a2bench-check-") as folder:
        suite = draw_suite(Path(folder), meta)
        try:
            if prepare := getattr(system, "prepare", None):
                prepare(suite)
            if identity := getattr(system, "identity", None):
                canonical_json(identity(suite.cases[0]))
        except Exception as error:
            advice = "prepare(suite) takes any suite; identity(case) gives a JSON value, without generating"
            yield Check("hooks", "fail", in_words(error), advice)
            return
        yield from _generation(system, suite, settings)
        yield _refusal(system, suite, settings)


def passed(checks: list[Check]) -> bool:
    """Whether nothing failed."""
    return all(check.status != "fail" for check in checks)


def construction(kind: registry.Kind, name: str, options: Mapping[str, str]) -> Generator[Check, None, Any]:
    """Whether it can be imported and made, fast and without anything heavy; gives it, or None."""
    before = {package for package in HEAVY if package in sys.modules}
    try:
        factory = registry.load(kind, name)
    except A2BenchError as error:
        yield Check("import", "fail", str(error), "give MODULE:CLASS of a module that Python finds from here")
        return None
    except Exception as error:
        yield Check("import", "fail", in_words(error), "make `python -c 'import MODULE'` work")
        return None
    yield Check("import", "pass")
    started = time.monotonic()
    try:
        system = factory(**options)
    except InputError as error:
        yield Check("construction", "fail", str(error), "give its options with --set key=value")
        return None
    except Exception as error:
        advice = "take options as text, check them, and raise InputError for a bad one; --set key=value gives them"
        yield Check("construction", "fail", in_words(error), advice)
        return None
    seconds = time.monotonic() - started
    if seconds > MAX_SECONDS:
        yield Check("construction", "fail", f"takes {seconds:.1f} s", "load weights at the first generate")
    else:
        yield Check("construction", "pass", f"{seconds:.3f} s")
    heavy = [package for package in HEAVY if package in sys.modules and package not in before]
    if heavy:
        yield Check("light import", "fail", f"imports {', '.join(heavy)}", "import inside generate, not at the top")
    elif before:
        yield Check("light import", "note", f"not checked: {', '.join(sorted(before))} was imported already")
    else:
        yield Check("light import", "pass")
    return system


def _meta(meta: ModelMeta) -> Check:
    empty = [field for field in ("title", "description") if not getattr(meta, field)]
    if empty or not meta.roles:
        empty += [] if meta.roles else ["roles"]
        return Check("meta", "fail", f"empty: {', '.join(empty)}", "tables and pages show it; fill it in")
    if meta.licence == "unknown":
        return Check("meta", "note", "licence is unknown", "name the licence, so that others know what they may do")
    return Check("meta", "pass", f"{meta.name} {meta.revision}")


def _generation(system: VideoModel, suite: Suite, settings: GenerationSettings) -> Iterator[Check]:
    first, second = suite.cases
    references = {element.reference.path for case in suite.cases for element in case.elements}
    before = {path: file_sha256(path) for path in references}
    try:
        made = system.generate(first, seed=0, settings=settings)
        video = _frames(made)
        content = _content(made)
    except Exception as error:
        yield Check("generate", "fail", in_words(error), "return a Video, or the Path of a readable video file")
        return
    yield Check("generate", "pass", f"returns a {'file' if isinstance(made, Path) else 'Video'}")
    yield from _settings(video, settings)
    if blank := blank_remark(video.frames):
        yield Check("shows something", "note", blank, "are the system's own numbers finite?")
    else:
        yield Check("shows something", "pass")
    try:
        again = _content(system.generate(first, seed=0, settings=settings))
        seeded = _content(system.generate(first, seed=1, settings=settings))
        other = _content(system.generate(second, seed=0, settings=settings))
    except Exception as error:
        yield Check("generate again", "fail", in_words(error), "keep no state between calls that breaks the next one")
        return
    if again == content:
        yield Check("same seed, same video", "pass")
    else:
        advice = "draw all randomness from the seed; if the device forbids it, say so in the description"
        yield Check("same seed, same video", "fail", "two calls with seed 0 differ", advice)
    if seeded == content:
        yield Check("seeds matter", "note", "seeds 0 and 1 give the same video", "several seeds would be a waste")
    else:
        yield Check("seeds matter", "pass")
    if other == content:
        yield Check("cases matter", "note", "two different cases give the same video", "does it use its references?")
    else:
        yield Check("cases matter", "pass")
    changed = [path.name for path in references if not path.is_file() or file_sha256(path) != before[path]]
    if changed:
        advice = "copy a reference before working on it: others read the same file"
        yield Check("references untouched", "fail", f"changed {', '.join(sorted(changed))}", advice)
    else:
        yield Check("references untouched", "pass")


def _settings(video: Video, settings: GenerationSettings) -> Iterator[Check]:
    _, height, width, _ = video.frames.shape
    for name, found, expected in (
        ("size", f"{width}x{height}", f"{settings.width}x{settings.height}"),
        ("number of frames", str(video.num_frames), str(settings.num_frames)),
        ("frame rate", str(video.fps), str(settings.fps)),
    ):
        if found == expected:
            yield Check(name, "pass", found)
        else:
            advice = "follow settings exactly, or raise AdapterError for what the system cannot do"
            yield Check(name, "fail", f"asked for {expected}, got {found}", advice)


def _refusal(system: VideoModel, suite: Suite, settings: GenerationSettings) -> Check:
    """What happens with a reference that is no image."""
    name = "refuses with AdapterError"
    broken = suite.cases[0].model_copy(
        update={"elements": tuple(_unreadable(element) for element in suite.cases[0].elements)}
    )
    try:
        system.generate(broken, seed=0, settings=settings)
    except (AdapterError, CaseError) as error:
        return Check(name, "pass", f"an unreadable reference: {error}".splitlines()[0])
    except Exception as error:
        advice = "catch it and raise AdapterError with one sentence; anything else counts as a crash"
        return Check(name, "fail", f"an unreadable reference raises {in_words(error)}", advice)
    return Check(name, "note", "made a video from unreadable references", "does it use its references?")


def _unreadable(element: Element) -> Element:
    path = element.reference.root / "unreadable.png"
    path.write_text("this is no image")
    image = ImageFile(file=path.name, sha256=file_sha256(path), root=element.reference.root)
    return element.model_copy(update={"reference": image, "cutout": None})


def _frames(made: object) -> Video:
    if isinstance(made, Path):
        return read_video(made)
    if isinstance(made, Video):
        return made
    raise AdapterError(f"generate returned {type(made).__name__}")


def _content(made: Video | Path) -> str | bytes:
    return file_sha256(made) if isinstance(made, Path) else np.ascontiguousarray(made.frames).tobytes()


def in_words(error: Exception) -> str:
    """An error as text; one that is not ours with its kind."""
    text = str(error)
    return text if isinstance(error, A2BenchError) else f"{type(error).__name__}: {text}"


def draw_suite(folder: Path, meta: ModelMeta) -> Suite:
    """Two cases of different colours with drawn references, only of roles that the system takes."""
    root = folder / "references"
    root.mkdir()
    cases = []
    for case_id, colour in (("check-one", "orange"), ("check-two", "purple")):
        elements = tuple(
            Element(role=role, phrase=f"{colour} {role}", reference=_draw(root, case_id, role, colour))
            for role in meta.roles[: meta.max_references]
        )
        prompt = " and ".join(f"an {element.phrase}" for element in elements)
        cases.append(Case(id=case_id, prompt=prompt, elements=elements))
    return Suite("check", folder / "check.jsonl", tuple(cases))


def _draw(root: Path, case_id: str, role: Role, colour: str) -> ImageFile:
    image = Image.new("RGB", (160, 120), "lightblue" if role == "background" else "white")
    pen = ImageDraw.Draw(image)
    if role == "character":
        pen.ellipse((60, 8, 100, 48), colour)
        pen.rectangle((66, 48, 94, 112), colour)
    elif role == "object":
        pen.rectangle((40, 40, 120, 90), colour)
    else:
        pen.rectangle((0, 70, 160, 120), colour)
    path = root / f"{case_id}-{role}.png"
    image.save(path)
    return ImageFile(file=path.name, sha256=file_sha256(path), root=root)
