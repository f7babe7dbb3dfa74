"""Human evaluation: studies, ballots, votes, agreement."""

COMMANDS = {
    "rate": ("a2bench_human_eval.cli:rate_group", "Let people rate videos in a browser; results with intervals."),
}
"""Commands of ours, by name."""
