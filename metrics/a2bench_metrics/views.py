"""Feature ``views``: does each frame show an element as the system was shown it, or as its other photographs do?

An element's held-out second views become templates of the finder (feature ``hits``), which knows pictures better than
things: where a frame was drawn from the shown reference, that one fits it best; where the element was re-shot, the
others fit it as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from a2bench.base.counting import count
from a2bench.model.cases import ImageFile
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.dense import DenseFrame
from a2bench_metrics.finder import FOUND, Hit, Template, locate, make_template
from a2bench_metrics.images import read_reference


@dataclass(frozen=True)
class View:
    """The finder's scores of one element in one frame.

    shown: of the reference that the system was shown. held_out: of the best of the second views. box: of the better.
    """

    shown: float
    held_out: float
    box: Box

    @property
    def found(self) -> bool:
        """Whether one of them is found there."""
        return max(self.shown, self.held_out) >= FOUND


class ViewsFeature:
    """Computes a `View` in each sampled frame for each character and object that has second views."""

    info = FeatureInfo(
        name="views",
        version=1,
        backend="cell matching of second views",
        features=("dense", "hits"),
        packages=("torch", "cv2"),
    )

    def compute(self, sample: Sample) -> dict[str, tuple[View, ...]]:
        """Views by element id, in the order of the sampled frames."""
        found = {}
        for name, element in sample.case.named_elements("character", "object"):
            if element.second_views:
                hits: tuple[Hit, ...] = sample.feature("hits")[name]
                templates: list[Template] = [
                    sample.embedded(self.info, view.sha256, partial(_template, view)) for view in element.second_views
                ]
                frames: tuple[DenseFrame, ...] = sample.feature("dense")
                found[name] = tuple(_view(hit, templates, frame) for hit, frame in zip(hits, frames, strict=True))
        return found


def _view(shown: Hit, templates: Sequence[Template], frame: DenseFrame) -> View:
    held_out = max((locate(template, frame) for template in templates), key=lambda hit: hit.score)
    return View(shown.score, held_out.score, max(shown, held_out, key=lambda hit: hit.score).box)


def _template(view: ImageFile) -> Template:
    count("reference:views")
    return make_template(read_reference(view))
