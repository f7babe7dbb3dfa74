"""Does the video, as a whole with its motion, show what the prompt says?"""

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score


class VideoTextAlignment:
    """X-CLIP similarity of video and prompt: ``100 * max(cos(v, p), 0)``.

    VBench's overall consistency asks the same of ViCLIP; this is another network, and its numbers are not comparable.
    """

    info = MetricInfo(
        name="video_text_alignment",
        version=1,
        title="Video-text alignment",
        group="text",
        range=(0, 100),
        direction="higher",
        touched_by=("length",),
        features=("xclip",),
        backend="X-CLIP base/32 (Microsoft)",
        paper="X-CLIP, Ni et al. 2022 (arXiv:2208.02816); after VBench overall_consistency (arXiv:2311.17982)",
        licence="MIT (weights)",
        default=False,
        expectations=(
            Expectation("the case's own references fit better", "difference", "collage", "shuffled", low=0.2),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        cosine: float = sample.feature("xclip")
        return Score(100 * max(0.0, cosine))
