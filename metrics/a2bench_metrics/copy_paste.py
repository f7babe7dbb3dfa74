"""Were the reference's own pixels taken over instead of the element being re-shot?"""

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.alignment import Alignment


class CopyPaste:
    """Mean correlation of each character's and object's reference with its own pixels in the video; lower is better.

    Score of an element: mean over frames of the grey-level correlation after the best similarity transform, as it is or
    mirrored, of the element or of its surroundings in the reference, whichever is larger; 0 in frames without one.
    Score of the sample: mean over elements. A repainted copy escapes it, and a flat object that is filmed as it lies
    counts as pasted.
    """

    info = MetricInfo(
        name="copy_paste",
        version=2,
        title="Copy-paste",
        group="consistency",
        range=(0, 1),
        direction="lower",
        features=("alignment",),
        backend="SIFT + RANSAC + correlation",
        roles=("character", "object"),
        paper="A2Bench; problem named in OpenS2V-Eval (arXiv:2505.20292)",
        expectations=(
            Expectation("a collage is pasted", "value", "collage", low=0.5, high=1.0),
            Expectation("references of another case are not", "value", "shuffled", low=0.0, high=0.1),
            Expectation("a missing object is not pasted", "value", "missing-object", low=0.0, high=0.1, role="object"),
            Expectation("mirroring does not hide it", "value", "mirrored", low=0.5, high=1.0),
            Expectation("pasted surroundings are seen", "value", "pasted", low=0.5, high=1.0, role="character"),
            Expectation("half presence is half as much", "ratio", "flicker", "collage", low=0.35, high=0.7),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        frames, found = sample.feature("alignment")
        per_element = {}
        evidence = []
        for name, _ in sample.case.named_elements("character", "object"):
            alignments: list[Alignment] = found[name]
            values = [max(alignment.correlation, alignment.surroundings) for alignment in alignments]
            presence = sum(alignment.box is not None for alignment in alignments) / len(alignments)
            per_element[name] = ElementScore(sum(values) / len(values), presence=presence, per_frame=tuple(values))
            best = max(range(len(values)), key=values.__getitem__)
            if alignments[best].box:
                evidence.append(Evidence(frames[best], alignments[best].box, name, values[best]))
        if not per_element:
            return Score(None, reason="the case has neither a character nor an object")
        total = sum(entry.value or 0.0 for entry in per_element.values()) / len(per_element)
        surroundings = {name: sum(one.surroundings for one in found[name]) / len(found[name]) for name in per_element}
        details = {"surroundings": surroundings}
        return Score(total, frames=frames, per_element=per_element, evidence=tuple(evidence), details=details)
