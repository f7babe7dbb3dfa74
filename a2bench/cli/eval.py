"""``a2bench eval``, ``generate`` and ``score``: make and measure the videos of a run; the same command resumes."""

import json
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from a2bench.base.inputs import check_seed
from a2bench.base.invalid import complaint
from a2bench.cli.interrupt import interruptible
from a2bench.cli.numbers import FiniteRange
from a2bench.cli.settings import origins
from a2bench.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from a2bench.model.cases import Suite
    from a2bench.model.records import RunManifest
    from a2bench.model.systems import GenerationSettings
    from a2bench.results.run import Run
    from a2bench.run.request import ExecutionOptions, RunRequest
    from a2bench.run.stages import RunResult

EXIT_INCOMPLETE = 3

_IMAGE = click.Path(path_type=Path)

Command = TypeVar("Command", bound=Callable[..., Any])


def _option(*names: str, **kwargs: Any) -> Callable[[Command], Command]:
    """An option that may also come from the environment, as ``A2BENCH_<NAME>``."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "A2BENCH_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **kwargs)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_USUAL = "832x480, 81 frames, 16 fps"
_SETTINGS_DEFAULT = f"Default: those of the run, else the system's native ones, else {_USUAL}."

_what = _options(
    _option(
        "--model", "-m", required=True,
        help="System: a name of `a2bench systems list`, folder:DIR, command:'PROGRAM ARGS', or MODULE:CLASS.",
    ),
    _option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="An option of the system; may be repeated."),
    _option("--weights", metavar="DIR", help="Where the system's weights are: the same as --set weights=DIR."),
    _option("--steps", metavar="N", help="Denoising steps: the same as --set steps=N."),
    _option("--suite", default="a2bench-mini", show_default=True,
            help="Name of a suite or path of a .jsonl file; NAME:dev takes one split."),
    _option("--variant", type=click.Choice(["short", "long", "paraphrase"]),
            help="Other words for the prompts, of the cases that have them; the same as NAME:short."),
    _option("--language", metavar="TAG",
            help="Tell the system the prompts in this language (pt, zh), of the cases that have it; same as NAME:pt."),
    _option("--cases", help="Only these cases: ids separated by commas."),
    _option("--limit", type=click.IntRange(min=1), help="Only the first N cases; those that the run has come first."),
    click.option("--quick", is_flag=True,
                 help="A few cases that stand for all: of every kind its share, 24 or as many as --limit says. "
                 "The width of interval that they give is said before the run."),
    _option("--seeds", default="0", show_default=True, 
            help="Seeds: numbers and ranges, such as 0,1,2 or 0-3; or `suite`: each case's own."),
    _option("--size", metavar="WxH",
            help=f"Size of the videos in pixels, such as 832x480. {_SETTINGS_DEFAULT}"),
    _option("--num-frames", type=click.IntRange(1, 10_000), help=f"Frames per video. {_SETTINGS_DEFAULT}"),
    _option("--fps", help=f"Frames per second: a number or a fraction (24000/1001). {_SETTINGS_DEFAULT}"),
)  # fmt: skip
_by_hand = _options(
    click.option("--prompt", help="Make one video by hand: what it shows. --output then names the video."),
    click.option("--character", type=_IMAGE, multiple=True, help="Image of a person or animal; may be repeated."),
    click.option("--object", type=_IMAGE, multiple=True, help="Image of a thing; may be repeated."),
    click.option("--background", type=_IMAGE, multiple=True, help="Image of the place."),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the one video."),
    click.option("--force", is_flag=True, help="Replace the one video if it exists."),
)  # fmt: skip
_METRICS = "Metrics: names of `a2bench metrics list` separated by commas; `default` and `all` stand for many."
_measured = _option("--metrics", default="default", show_default=True, help=_METRICS)
_measured_again = _option(
    "--metrics", help=f"{_METRICS} Default: those of the run, or the default ones where it has none."
)
_remade = click.option(
    "--remake", is_flag=True, help="Make videos again that other settings, another revision or another encoding made."
)
_marked = _option(
    "--validity",
    type=click.Path(path_type=Path),
    help="Verdicts of your own `a2bench metrics validate`, by which metrics are marked.",
)
_where = _option("--output", "-o", type=click.Path(path_type=Path), help="Run folder. Default: runs/SYSTEM-SUITE.")
_how = _options(
    _option("--device", default="auto", show_default=True, help="Where networks run: auto, cpu, cuda, cuda:1, mps."),
    _option("--batch-size", type=click.IntRange(min=0), default=0, show_default=True,
            help="Frames per forward; 0 follows the memory. Never changes a result."),
    _option("--feature-cache", type=FiniteRange(min=0), default=8, show_default=True, metavar="GB",
            help="Most that features may take on disk, so that new metrics need no decode; 0 keeps none."),
    _option("--workers", "-j", type=click.IntRange(min=0), default=0, show_default=True,
            help="Worker processes; 0 chooses by the system and the cores. Never changes a result."),
    _option("--timeout", type=FiniteRange(0, 1e7, min_open=True), help="Seconds that one sample may take."),
    _option("--retry", type=click.IntRange(min=0), default=0, show_default=True,
            help="Further attempts for a sample that fails."),
    _option("--fail-on-error", is_flag=True, help="Stop at the first sample that fails."),
    _option("--verify", is_flag=True, help="Hash every finished video again, also those that look untouched."),
    _option("--offline", is_flag=True, help="Let nothing reach the network."),
)  # fmt: skip
_asked = _options(
    click.option("--dry-run", is_flag=True, help="Say what is to do, done and stale, with time and disk; do nothing."),
    click.option("--why", is_flag=True, help="Say for each sample that is to be done which part of its key differs."),
)
_shown = _options(
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
    click.option("--quiet", "-q", is_flag=True, help="Only failures and the result."),
    click.option("--verbose", "-v", count=True, help="A line for every sample."),
)


@click.command("eval")
@_what
@_remade
@_measured
@_marked
@_where
@_how
@_asked
@_shown
@click.pass_context
def eval_command(ctx: click.Context, /, **given: Any) -> int:
    """Generate, score and report: one system over one suite, in one folder.

    The same command resumes: finished samples are kept whatever happened, and only what is missing, failed, altered or
    made from something else is done.
    """
    return _run(ctx, given, stages=("generate", "score", "report"))


@click.command("generate")
@_what
@_remade
@_by_hand
@_where
@_how
@_asked
@_shown
@click.pass_context
def generate_command(ctx: click.Context, /, **given: Any) -> int:
    """Let a system make the videos of a suite, or with --prompt one video by hand.

    The videos of a suite are made into a run, which `a2bench score RUN` measures later. One video by hand:

    \b
      a2bench generate --model collage --prompt "A man holds a cup in a park." \\
        --character man.png --object cup.png --background park.jpg -o out.mp4
    """  # noqa: D301  (click reads the backspace, not a backslash)
    from a2bench.cli.one_video import make_by_hand, refuse_mixture

    if given["prompt"] is not None:
        from a2bench.run.one_video import system_meta

        adapter, options = _system(ctx, given)
        settings = _settings(given, system_meta(adapter, options).default_settings)
        return make_by_hand(ctx, given, adapter, options, settings)
    refuse_mixture(ctx, by_hand=False)
    return _run(ctx, given, stages=("generate",))


@click.command("score")
@click.argument("run", type=click.Path(path_type=Path))
@_measured_again
@_marked
@_how
@_asked
@_shown
@click.pass_context
def score_command(ctx: click.Context, /, run: Path, **given: Any) -> int:
    """Measure the videos of a run that exists; finished scores are kept.

    Without --metrics it measures what the run was measured by before.
    """
    return _run(ctx, {**given, "run": run}, stages=("score", "report"))


def _run(ctx: click.Context, given: dict[str, Any], stages: tuple[str, ...]) -> int:
    from a2bench.results.run import Run
    from a2bench.results.validity_file import known_validity
    from a2bench.run import stages as harness
    from a2bench.run.stages import RunResult
    from a2bench.run.store import RunStore
    from a2bench.show.progress import TerminalProgress
    from a2bench.show.report import write_report

    request = _request(ctx, given)
    how = _execution(given)
    store = RunStore(request.output)
    if given["dry_run"] or given["why"]:
        _tell_plan(request, how, store, stages, given)
        if given["dry_run"]:
            return 0
    # A wrong file is refused before the work, not after it.
    verdicts = known_validity(given["validity"]) if "score" in stages else ()
    progress = TerminalProgress(-1 if given["quiet"] or given["as_json"] else given["verbose"])
    results: dict[str, RunResult] = {}
    if "generate" in stages:
        harness.check_output(store, harness.open_system(request).meta.name)
    told = f"finished samples are kept. To continue, type: {_command_line(ctx)}"
    with interruptible(ctx, told), store.locked():
        if "generate" in stages:
            results["generate"] = harness.generate(request, how, progress)
        if "score" in stages:
            results["score"] = harness.score(request, how, progress)
        run = Run.open(request.output, verdicts)
        report = write_report([run], request.output / "report") if "report" in stages else None
    complete = all(result.complete for result in results.values())
    _tell_result(request, run, results, report, given)
    if not complete and not given["as_json"]:
        left = sum(result.planned - result.done for result in results.values())
        click.echo(f"{left} samples or scores are not done; to continue, type: {_command_line(ctx)}", err=True)
    return 0 if complete else EXIT_INCOMPLETE


def _request(ctx: click.Context, given: dict[str, Any]) -> "RunRequest":
    from a2bench.model.cases import load_suite
    from a2bench.model.systems import GenerationSettings
    from a2bench.run.begun import begun_with
    from a2bench.run.request import RunRequest, request_of_run
    from a2bench.run.stages import open_system
    from a2bench.run.store import RunStore
    from a2bench.suites.fetch import require_images

    if "run" in given:
        return request_of_run(given["run"], metric_names(given["metrics"]) if given["metrics"] else None)
    adapter, options = _system(ctx, given)
    full = load_suite(_suite_name(ctx, given))
    request = RunRequest(
        adapter=adapter,
        options=options,
        suite=full,
        full_suite=full,
        seeds=(),
        settings=GenerationSettings(),
        metrics=metric_names(given["metrics"]) if "metrics" in given else (),
        output=given["output"] or Path(),
        origins=origins(ctx),
        remake=given["remake"],
    )
    meta = open_system(request).meta
    output = given["output"] or Path("runs") / f"{meta.name}-{full.file_name}"
    store = RunStore(output)
    begun, before = begun_with(store), store.intact_manifest
    if begun and begun.system != meta.name:
        begun = before = None  # refused later, by `check_output`
    full = _as_begun(full, before)
    suite = _chosen_cases(full, given, before)
    if full.is_built_in:  # in a suite of one's own, a missing image fails its samples and the rest goes on
        require_images(suite)
    settings = _settings(given, begun.settings if begun else meta.default_settings)
    goes_on = before and ctx.get_parameter_source("seeds") == ParameterSource.DEFAULT
    seeds = before.seeds if before and goes_on else _seeds(given["seeds"], suite)
    return replace(request, suite=suite, full_suite=full, seeds=seeds, settings=settings, output=output)


def _suite_name(ctx: click.Context, given: dict[str, Any]) -> str:
    """The suite that was asked for; where none was, that of the run that goes on."""
    from a2bench.run.store import RunStore

    typed = any(ctx.get_parameter_source(name) != ParameterSource.DEFAULT for name in ("suite", "variant", "language"))
    before = RunStore(given["output"]).intact_manifest if given["output"] and not typed else None
    return (
        before.suite.path if before else ":".join(filter(None, (given["suite"], given["variant"], given["language"])))
    )


def _as_begun(full: "Suite", before: "RunManifest | None") -> "Suite":
    """The suite in the version that a run was begun with, where it can be had; says so if there is a newer one."""
    from a2bench.suites.header import suite_as_of

    if before is None or before.suite.name != full.name or before.suite.revision == full.revision:
        return full
    begun = suite_as_of(full.address, before.suite.revision)
    if begun.revision == before.suite.revision:
        click.echo(
            f"this run goes on with {full.name} as it was when it was begun ({len(begun.cases)} cases; now "
            f"{len(full.cases)}); for the newest choose another folder with --output",
            err=True,
        )
        return begun
    return full


def _chosen_cases(full: "Suite", given: dict[str, Any], before: "RunManifest | None") -> "Suite":
    """The cases that were asked for; those that the run has already come first where only some are."""
    first = before.suite.cases if before and before.suite.name == full.name else ()
    asked = full.select(_comma_list(given["cases"], "--cases"))
    if not given["quick"]:
        return asked.select(limit=given["limit"], first=first)
    from a2bench.base.wrapping import wrapped
    from a2bench.suites.quick import precision_text, quick_cases, quick_number

    chosen = quick_cases(asked, given["limit"] or quick_number(asked), first)
    for line in wrapped(f"quick: {precision_text(chosen, asked)}"):
        click.echo(line, err=True)
    return chosen


def _system(ctx: click.Context, given: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The adapter's name and the options that it gets.

    Raises:
        InputError: no such system, or an option that is not KEY=VALUE.
    """
    from inspect import signature

    from a2bench.base import registry

    options = {}
    for pair in given["set_"]:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise InputError(f"--set {pair!r} is not KEY=VALUE, such as --set name=kling")
        options[key] = value
    name, colon, argument = given["model"].partition(":")
    main_option = {"folder": "path", "command": "command"}.get(name)
    adapter = name if colon and main_option else given["model"]
    factory = registry.load("adapter", adapter)
    for key in ("weights", "steps"):
        # From the environment or the project file they are for the systems that know them.
        typed = ctx.get_parameter_source(key) == ParameterSource.COMMANDLINE
        if given[key] is not None and (typed or key in signature(factory).parameters):
            options.setdefault(key, given[key])
    if colon and main_option:
        options = {main_option: argument, **options}
    return adapter, options


def metric_names(text: str | None) -> tuple[str, ...]:
    """The metrics of a comma-separated list, where ``all`` and ``default`` stand for many; the default ones for None.

    Raises:
        UnknownNameError: no metric of that name.
    """
    from a2bench.base import registry
    from a2bench.run.request import default_metrics

    known = registry.paths("metric")
    groups = {"all": tuple(known), "default": default_metrics()}
    chosen: dict[str, None] = {}
    for name in _comma_list(text, "--metrics") or ["default"]:
        if ":" in name:
            registry.load("metric", name)
        elif name not in known and name not in groups:
            raise UnknownNameError("metric", name, [*known, *groups])
        chosen |= dict.fromkeys(groups.get(name, [name]))
    return tuple(chosen)


def _comma_list(text: str | None, option: str) -> list[str] | None:
    """The words of a list; None for none, which an empty list must not be taken for."""
    if text is None:
        return None
    words = [part.strip() for part in text.split(",") if part.strip()]
    if not words:
        raise InputError(f"{option} {text!r} names nothing; give names separated by commas, or leave it out")
    return words


def _seeds(text: str, suite: "Suite") -> tuple[int, ...]:
    """The seeds, or none for ``suite``: each case's own."""
    if text == "suite":
        without = [case.id for case in suite.cases if not case.seeds]
        if without:
            raise InputError(f"--seeds suite: case {without[0]!r} has no seeds of its own; give numbers, such as 0-3")
        return ()
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,20})(?:-([0-9]{1,20}))?\s*", part)
        if not match or (match[2] and int(match[2]) - int(match[1]) not in range(10_000)):
            raise InputError(f"--seeds {text!r} is not a list of numbers and ranges, such as 0,1,2 or 0-3, nor `suite`")
        first, last = check_seed(int(match[1])), check_seed(int(match[2] or match[1]))
        seeds += range(first, last + 1)
    return tuple(dict.fromkeys(seeds))


def _settings(given: dict[str, Any], otherwise: "GenerationSettings") -> "GenerationSettings":
    """The settings that were given, and ``otherwise`` in place of those that were not."""
    from pydantic import ValidationError

    from a2bench.model.systems import GenerationSettings

    found: dict[str, Any] = {name: getattr(otherwise, name) for name in GenerationSettings.model_fields}
    if given["size"] is not None:
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", given["size"])
        if not match:
            raise InputError(f"--size {given['size']!r} is not WIDTHxHEIGHT, such as 832x480")
        found |= {"width": int(match[1]), "height": int(match[2])}
    if given["fps"] is not None:
        try:
            found["fps"] = Fraction(given["fps"])
        except (ValueError, ZeroDivisionError):
            raise InputError(
                f"--fps {given['fps']!r} is not a number or a fraction, such as 16 or 24000/1001"
            ) from None
    if given["num_frames"] is not None:
        found["num_frames"] = given["num_frames"]
    try:
        return GenerationSettings(**found)
    except ValidationError as error:
        where, told, *_ = complaint(error)
        name = "size" if where in ("width", "height") else where
        what = f"{where}: " if name == "size" else ""
        told = told.replace("Input should be", "expected")
        raise InputError(f"--{name.replace('_', '-')} {given[name]}: {what}{told}") from None


def _execution(given: dict[str, Any]) -> "ExecutionOptions":
    from a2bench.base.resources import worker_environment
    from a2bench.run.request import ExecutionOptions

    return ExecutionOptions(
        workers=given["workers"],
        timeout=given["timeout"],
        retry=given["retry"],
        fail_on_error=given["fail_on_error"],
        read_all=given["verify"],
        environment=worker_environment(given["device"], given["batch_size"], given["offline"], given["feature_cache"]),
    )


def _command_line(ctx: click.Context) -> str:
    return shlex.join(["a2bench", *(sys.argv[1:] or [ctx.info_name or ""])])


def _tell_plan(
    request: "RunRequest", how: "ExecutionOptions", store: Any, stages: tuple[str, ...], given: dict[str, Any]
) -> None:
    from a2bench.cli.plan_text import describe_plan, plan_document

    document = plan_document(request, how, store, stages)
    if given["as_json"] and given["dry_run"]:
        click.echo(json.dumps(document, indent=2))
    else:
        for line in describe_plan(document, why=given["why"]):
            click.echo(line, err=not given["dry_run"])


def _tell_result(
    request: "RunRequest", run: "Run", results: dict[str, "RunResult"], report: Path | None, given: dict[str, Any]
) -> None:
    from a2bench.base.wrapping import wrapped
    from a2bench.show.ledger import ledger_document, ledger_text
    from a2bench.show.tables import table_text, told_reasons
    from a2bench.show.totals import totals_text

    scored = "score" in results
    ledger = run.ledger if scored else ()
    table = [run.metric(metric) for metric in request.metrics] if scored else []
    totals = run.totals if scored else ()
    if given["as_json"]:
        document = {
            "run": str(request.output),
            "report": str(report) if report else None,
            "complete": all(result.complete for result in results.values()),
            "stages": {
                name: {
                    "planned": result.planned,
                    "resumed": result.resumed,
                    "done": result.done,
                    "failures": result.failures,
                    "seconds": round(result.seconds, 3),
                    "counts": dict(sorted(Counter(result.counts).items())),
                }
                for name, result in results.items()
            },
            "making": [made.document() for made in run.making],
            "remarks": [remark.document() for remark in run.remarks],
            "totals": [row.document() for row in totals],
            "metrics": [row.document() for row in table],
            "ledger": ledger_document(ledger),
        }
        click.echo(json.dumps(document, indent=2))
        return
    if table:
        click.echo(table_text(table))
        if ledger:
            click.echo("\n" + ledger_text(ledger))
        click.echo("\n" + totals_text(totals, told_reasons(table)))
    if making := run.making_text:
        click.echo(f"made: {making}")
    for line in (line for remark in run.remark_lines for line in wrapped(f"REMARK: {remark}")):
        click.echo(line)
    click.echo(str(report) if report else f"videos: {request.output / 'videos'}")
