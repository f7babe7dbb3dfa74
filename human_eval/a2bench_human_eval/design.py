"""From runs to a study: which videos are shown, which pairs are asked about, and the checks among them."""

import random
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from time import time

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from a2bench.base.files import check_outside_of_runs
from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench.model.cases import Case, load_suite
from a2bench.model.video import Video, read_video
from a2bench.results.run import Run
from a2bench_human_eval.clips import ClipFormat, broken, digits_video, write_clips, write_reference
from a2bench_human_eval.events import log_event
from a2bench_human_eval.rubric import installed_rubric
from a2bench_human_eval.settings import StudySettings
from a2bench_human_eval.system_rows import SystemOf, row_names
from a2bench_human_eval.tables import Stimulus, Study, StudyCase, StudyElement, StudySystem, Task

ALL_PAIRS_UP_TO = 4
"""With more systems than this, each case asks about a random ring of them: everybody twice, and all connected."""
BROKEN = "(broken)"
"""Stands for the broken copy among the systems of a sample; no system may have this name."""
CHECKS = {"gross": 8, "identical": 4, "instructed": 4}
"""How many checks of each kind a study has at most; a rater sees none twice."""
INSTRUCTION = "This screen checks that you read. Whatever you see, please choose “{answer}” for every question."


@dataclass(frozen=True)
class RunVideos:
    """The finished videos of one run, by case id and seed; ``system`` is the name of its row in a study."""

    system: str
    revision: str
    videos: dict[tuple[str, int], Path]
    suite: str


def read_runs(folders: Sequence[Path]) -> list[RunVideos]:
    """The videos of runs, checked against their records.

    Raises:
        InputError: not a run, fewer than one, one revision of a system twice, or different suites.
    """
    runs = []
    for folder in folders:
        records = Run.open(folder)
        videos = {}
        for sample, record in records.samples.items():
            if record.status == "done":
                if damage := records.store.damage(record):
                    raise InputError(f"{folder}: case {sample[0]} seed {sample[1]}: {damage}; run its eval again")
                videos[sample] = records.store.video_path(record)
        manifest = records.manifest
        runs.append(RunVideos(manifest.system.name, manifest.system.revision, videos, manifest.suite.path))
    names = row_names([SystemOf(run.system, run.revision) for run in runs])
    runs = [replace(run, system=name) for run, name in zip(runs, names, strict=True)]
    if len({run.suite for run in runs}) > 1:
        raise InputError("the runs are over different suites: " + ", ".join(sorted({run.suite for run in runs})))
    return runs


def create_study(
    engine: Engine,
    settings: StudySettings,
    folders: Sequence[Path],
    media: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Study:
    """Make a study from runs: clips, references, tasks, checks and training; all of it or nothing.

    Args:
        engine: of the database.
        settings: of the study.
        folders: runs over one suite, two or more of them for ``pairwise``.
        media: folder for clips and references; a new one inside it is made for this study.
        progress: told after each sample how many are done, of how many.

    Raises:
        InputError: nothing to compare, or there is a study of that name.
    """
    with Session(engine) as session:
        if session.scalars(select(Study).where(Study.name == settings.name)).one_or_none():
            raise InputError(f"there is a study {settings.name!r} already; choose another --name")
    runs = read_runs(folders)
    if len(runs) < (2 if settings.protocol == "pairwise" else 1):
        raise InputError("a pairwise study needs runs of two or more systems; give more run folders")
    shared = _shared_samples(runs, settings)
    cases = {case.id: case for case in load_suite(runs[0].suite).cases}
    check_outside_of_runs(media)
    folder = media / f"{settings.name}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            playback = folder / f"{secrets.token_hex(12)}.mp4"
            digits = f"{secrets.randbelow(90) + 10}"
            write_clips({playback: digits_video(digits)}, ClipFormat(settings.width, settings.height, settings.fps))
            rubric = installed_rubric(settings.protocol)
            study = Study(
                playback_file=playback.name,
                playback_answer=digits,
                name=settings.name,
                settings=settings.model_dump(mode="json"),
                rubric=rubric.model_dump(mode="json"),
                media=str(folder.resolve()),
                salt=secrets.token_hex(16),
                created=time(),
            )
            session.add(study)
            session.flush()
            systems = {
                run.system: StudySystem(study_id=study.id, name=run.system, revision=run.revision) for run in runs
            }
            session.add_all(systems.values())
            session.flush()
            rng = random.Random(settings.seed)
            checked = set(rng.sample(list(shared), min(len(shared), max(CHECKS.values()) + 1)))
            maker = _Maker(session, study, settings, folder, rng)
            for number, (sample, names) in enumerate(shared.items(), start=1):
                videos = {run.system: run.videos[sample] for run in runs if run.system in names}
                maker.add_sample(cases[sample[0]], sample[1], videos, systems, for_checks=sample in checked)
                progress(number, len(shared))
            maker.add_checks()
            log_event(session, study, "organiser", "created", systems=len(systems), samples=len(shared),
                      rubric=rubric.version)  # fmt: skip
    except BaseException:
        shutil.rmtree(folder)
        raise
    return study


def _shared_samples(runs: list[RunVideos], settings: StudySettings) -> dict[tuple[str, int], list[str]]:
    """Cases and seeds with enough videos to ask about, in order, and whose they are."""
    order = list(dict.fromkeys(sample for run in runs for sample in run.videos))
    having = {sample: [run.system for run in runs if sample in run.videos] for sample in order}
    least = 2 if settings.protocol == "pairwise" else 1
    shared = {sample: names for sample, names in having.items() if len(names) >= least}
    if not shared:
        raise InputError("the runs have no case and seed in common; generate them over the same cases and seeds")
    return shared


class _Maker:
    """Fills a study, case by case."""

    def __init__(
        self, session: Session, study: Study, settings: StudySettings, folder: Path, rng: random.Random
    ) -> None:
        self.session, self.study, self.settings, self.folder, self.rng = session, study, settings, folder, rng
        self.form = ClipFormat(settings.width, settings.height, settings.fps)
        self.cases: dict[str, StudyCase] = {}
        self.broken: list[tuple[Stimulus, Stimulus]] = []
        """Clips with their broken copies, for checks and training."""

    def add_sample(
        self, case: Case, seed: int, videos: dict[str, Path], systems: dict[str, StudySystem], *, for_checks: bool
    ) -> None:
        """Write the clips of one case and seed, and ask about them; ``for_checks`` also breaks a copy of one."""
        row = self.cases.get(case.id) or self._add_prompt(case)
        decoded = {name: read_video(path) for name, path in videos.items()}
        chosen = self.rng.choice(sorted(decoded))
        shown: dict[str, Video] = decoded | ({BROKEN: broken(decoded[chosen])} if for_checks else {})
        paths = {name: self._new_file(".mp4") for name in shown}
        seconds = write_clips({paths[name]: video for name, video in shown.items()}, self.form)
        stimuli = {}
        for name, path in paths.items():
            stimuli[name] = Stimulus(
                study_id=self.study.id,
                case_id=row.id,
                system_id=None if name == BROKEN else systems[name].id,
                seed=seed,
                source_sha256=file_sha256(videos[chosen if name == BROKEN else name]),
                file=path.name,
                seconds=seconds,
            )
        self.session.add_all(stimuli.values())
        self.session.flush()
        if for_checks:
            self.broken.append((stimuli[chosen], stimuli.pop(BROKEN)))
        if self.settings.protocol == "rating":
            self.session.add_all(self._task("rating", stimulus, None) for stimulus in stimuli.values())
        else:
            ordered = [stimuli[name] for name in sorted(stimuli)]
            self.session.add_all(self._task("rating", *pair) for pair in self._pairs(ordered))

    def _pairs(self, stimuli: list[Stimulus]) -> list[tuple[Stimulus, Stimulus]]:
        if len(stimuli) <= ALL_PAIRS_UP_TO:
            return list(combinations(stimuli, 2))
        ring = self.rng.sample(stimuli, len(stimuli))
        return list(zip(ring, ring[1:] + ring[:1], strict=True))

    def _add_prompt(self, case: Case) -> StudyCase:
        row = StudyCase(study_id=self.study.id, case=case.id, prompt=case.prompt)
        self.session.add(row)
        self.session.flush()
        for position, (name, element) in enumerate(case.named_elements()):
            path = self._new_file(".jpg")
            write_reference(element.reference.verified_path(), path)
            self.session.add(
                StudyElement(
                    case_id=row.id,
                    position=position,
                    name=name,
                    role=element.role,
                    phrase=element.phrase,
                    file=path.name,
                )
            )
        self.cases[case.id] = row
        return row

    def add_checks(self) -> None:
        """Add checks and training from clips of the study; nothing of it is ever scored."""
        pairwise = self.settings.protocol == "pairwise"
        *checked, last = self.rng.sample(self.broken, len(self.broken))
        checked = checked or [last]
        for clip, bad in checked[: CHECKS["gross"]]:
            if pairwise:
                self.session.add(self._task("gross", clip, bad, expected="first"))
            else:
                self.session.add(self._task("gross", bad, None, expected="low"))
        if pairwise:
            for clip, _ in checked[-CHECKS["identical"] :]:
                self.session.add(self._task("identical", clip, clip, expected="tie"))
        for number, (clip, bad) in enumerate(checked[: CHECKS["instructed"]]):
            answer = (("left", "right") if pairwise else ("2", "4"))[number % 2]
            text = INSTRUCTION.format(answer=answer)
            other = self._partner(clip, bad) if pairwise else None
            self.session.add(self._task("instructed", clip, other, expected=answer, note=text))
        self.session.add_all(self._training(*last, pairwise=pairwise))

    def _partner(self, clip: Stimulus, bad: Stimulus) -> Stimulus:
        """Another system's clip of the same sample, or the broken copy where there is none."""
        query = select(Stimulus).where(
            Stimulus.case_id == clip.case_id,
            Stimulus.seed == clip.seed,
            Stimulus.system_id.is_not(None),
            Stimulus.id != clip.id,
        )
        return self.session.scalars(query.order_by(Stimulus.id)).first() or bad

    def _training(self, clip: Stimulus, bad: Stimulus, *, pairwise: bool) -> list[Task]:
        if not pairwise:
            note = "This clip is blurred and stands still: its video quality is 1 or 2."
            return [self._task("training", bad, None, expected="low", note=note)]
        return [
            self._task(
                "training",
                clip,
                bad,
                expected="first",
                note="One of the two is blurred and stands still. The other one is better, whatever you think of it.",
            ),
            self._task(
                "training",
                bad,
                bad,
                expected="tie",
                note="Both videos were the same. When you see no difference, choose the tie.",
            ),
        ]

    def _task(
        self, purpose: str, first: Stimulus, second: Stimulus | None, *, expected: str | None = None, note: str = ""
    ) -> Task:
        return Task(
            study_id=self.study.id,
            case_id=first.case_id,
            purpose=purpose,
            first_id=first.id,
            second_id=second.id if second else None,
            expected=expected,
            note=note,
        )

    def _new_file(self, suffix: str) -> Path:
        return self.folder / f"{secrets.token_hex(12)}{suffix}"
