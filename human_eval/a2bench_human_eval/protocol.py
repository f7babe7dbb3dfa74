"""Words that every study knows: its two protocols and the answers that checks and statistics can read.

``pairwise``: two videos of one case side by side, each question answered left, right, tie or both bad. ``rating``: one
video, each question answered from 1 to 5. What is asked stands in the study's `a2bench_human_eval.rubric.Rubric`.
"""

from typing import Literal

Protocol = Literal["pairwise", "rating"]
CANNOT_JUDGE = "cannot_judge"
ANSWERS: dict[Protocol, tuple[str, ...]] = {
    "pairwise": ("left", "right", "tie", "both_bad"),
    "rating": ("1", "2", "3", "4", "5", CANNOT_JUDGE),
}
