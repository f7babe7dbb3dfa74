"""The summary earns its place like a metric: it too must put the controls in the right order."""

from a2bench.model.scores import Expectation, MetricInfo
from a2bench.results.dimensions import DIMENSIONS, HEADLINE, VERSION, WITHOUT_TEXT

PREFIX = "summary:"
"""What the summary's rows are called among metrics."""

SUMMARY = "summary"
"""Their back-end: arithmetic on the metrics."""

_WORSE = tuple(
    Expectation(f"worse than collage: {control}", "difference", "collage", control, low=low)
    for control, low in (
        ("shuffled", 0.4), ("missing-character", 0.3), ("missing-background", 0.2), ("missing-object", 0.1),
        ("flicker", 0.1), ("swapped", 0.1),
    )
)  # fmt: skip
_EXPECTATIONS: dict[str, tuple[Expectation, ...]] = {
    "consistency": (*_WORSE, Expectation("a collage has everything", "value", "collage", low=0.6, high=1.0)),
    "text": (Expectation("the case's own references fit better", "difference", "collage", "shuffled", low=0.005),),
    "quality": (
        Expectation("blur is worse than collage", "difference", "collage", "blur", low=0.2),
        Expectation("noise is worse than collage", "difference", "collage", "noise", low=0.2),
    ),
    "motion": (
        Expectation("a still video does not move", "difference", "collage", "frozen", low=0.5),
        Expectation("noise is no motion", "difference", "collage", "noise", low=0.3),
    ),
    HEADLINE: tuple(
        Expectation(f"worse than collage: {control}", "difference", "collage", control, low=0.05)
        for control in ("shuffled", "missing-character", "missing-background", "missing-object", "flicker", "swapped",
                        "blur", "noise", "frozen")
    ),
}  # fmt: skip
_EXPECTATIONS[WITHOUT_TEXT] = _EXPECTATIONS[HEADLINE]


def summary_infos() -> tuple[MetricInfo, ...]:
    """One record per row of the summary, as if it were a metric; values from 0 to 1."""
    titles = {**{d.name: d.title for d in DIMENSIONS}, HEADLINE: "Headline", WITHOUT_TEXT: "Headline without text"}
    return tuple(
        MetricInfo(
            name=PREFIX + name,
            version=VERSION,
            title=title,
            group="consistency",
            range=(0, 1),
            direction="higher",
            features=(),
            backend=SUMMARY,
            expectations=_EXPECTATIONS[name],
        )
        for name, title in titles.items()
    )
