"""What the tests of submissions share."""

from pathlib import Path
from typing import Any, NamedTuple

from a2bench_leaderboard.submissions.check import Checked, check_content
from a2bench_leaderboard.submissions.folder import opened


class Made(NamedTuple):
    run: Path
    suite: Path
    archive: Path
    key: Path
    public: str


def check(path: Path, made: Made, **how: Any) -> Checked:
    with opened(path) as found:
        return check_content(found.files, found.findings, made.suite, **how)
