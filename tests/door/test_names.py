"""The public names, and what they are called with: a change of either is a change of the API."""

import inspect
import subprocess
import sys

import a2bench

SIGNATURES = {
    "evaluate": "(system, suite='a2bench-mini', metrics=None, *, output=None, options=None, limit=None, seeds=(0,), "
    "settings=None, workers=0, name=None, revision=None, progress=True)",
    "load_results": "(*runs)",
    "open_run": "(folder)",
    "read_video": "(path, limits)",
    "score": "(video, prompt, *, character=(), object=(), background=(), metrics=None, revision=None)",
}
CLASSES = {
    "Case", "Element", "GenerationSettings", "Metric", "MetricInfo", "ModelMeta", "Score", "Video", "VideoModel"
}  # fmt: skip


def bare(function: object) -> str:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=parameter.default if parameter.name != "limits" else inspect.Parameter.empty,
        )
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def test_the_public_names_and_their_signatures_are_these() -> None:
    assert set(a2bench.__all__) == {*SIGNATURES, *CLASSES, "__version__"}
    assert {name: bare(getattr(a2bench, name)) for name in SIGNATURES} == SIGNATURES
    assert all(inspect.isclass(getattr(a2bench, name)) for name in CLASSES)
    assert dir(a2bench) == sorted(a2bench.__all__)
    for name in {*SIGNATURES, *CLASSES}:
        assert getattr(a2bench, name).__doc__, name


def test_the_door_opens_without_anything_heavy() -> None:
    code = "import sys, a2bench; print([n for n in ('torch', 'numpy', 'pandas', 'av', 'pydantic') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
