"""The leaderboard: statistics, checks, pages."""

COMMANDS = {
    "compare": ("a2bench_leaderboard.cli:compare_command", "Is one run better than another? Made for CI too."),
    "board": ("a2bench_leaderboard.cli:board_group", "The leaderboard: build, verify and compare boards."),
    "submit": (
        "a2bench_leaderboard.submissions.cli:submit_group",
        "Submissions to a leaderboard: pack a run, check one, log arrivals.",
    ),
}
"""Commands of ours, by name."""
