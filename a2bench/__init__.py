"""A2Bench: does a system put the given people, things and places into the video, and is the video good?

In Python::

    import a2bench

    run = a2bench.evaluate("collage", "a2bench-mini", limit=2)
    run.metrics, run.totals, run.to_pandas()
    a2bench.score("out.mp4", "A man in a park.", character="a.png", background="b.jpg")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from a2bench.base.moved import keep_old_names, place_of
from a2bench.base.version import __version__

if TYPE_CHECKING:
    from a2bench.door.evaluate import evaluate, open_run
    from a2bench.door.score import score
    from a2bench.model.cases import Case, Element
    from a2bench.model.metrics import Metric
    from a2bench.model.scores import MetricInfo, Score
    from a2bench.model.systems import GenerationSettings, ModelMeta, VideoModel
    from a2bench.model.video import Video, read_video
    from a2bench.show.dataframe import load_results

__all__ = [
    "Case",
    "Element",
    "GenerationSettings",
    "Metric",
    "MetricInfo",
    "ModelMeta",
    "Score",
    "Video",
    "VideoModel",
    "__version__",
    "evaluate",
    "load_results",
    "open_run",
    "read_video",
    "score",
]

_WHERE = {
    "Case": "model.cases",
    "Element": "model.cases",
    "GenerationSettings": "model.systems",
    "Metric": "model.metrics",
    "MetricInfo": "model.scores",
    "ModelMeta": "model.systems",
    "Score": "model.scores",
    "Video": "model.video",
    "VideoModel": "model.systems",
    "evaluate": "door.evaluate",
    "load_results": "show.dataframe",
    "open_run": "door.evaluate",
    "read_video": "model.video",
    "score": "door.score",
}
"""Where each name is defined; it is imported when it is asked for, so that the command line starts at once."""


keep_old_names()


def __getattr__(name: str) -> Any:
    """Import what is used only when it is used."""
    if name in _WHERE:
        return getattr(import_module(f"a2bench.{_WHERE[name]}"), name)
    if place := place_of(f"a2bench.{name}"):
        return import_module(place)
    raise AttributeError(f"module 'a2bench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
