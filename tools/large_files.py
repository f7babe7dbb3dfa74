"""A hook of git: no file above one megabyte gets into a commit by accident.

Called by pre-commit with the files of a commit. What has to be large (weights that come with us) is named here;
everything else belongs into `a2bench weights fetch`, a reference pack or a smaller picture.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

MEGABYTES = 1.0
MAY_BE_LARGE = ("metrics/a2bench_metrics/weights/",)


def too_large(paths: Iterable[str], root: Path) -> list[str]:
    """Sentences on the files that are too large."""
    found = []
    for path in paths:
        if path.startswith(MAY_BE_LARGE) or not (root / path).is_file():
            continue
        size = (root / path).stat().st_size
        if size > MEGABYTES * 1e6:
            found.append(f"{path} has {size / 1e6:.1f} MB; at most {MEGABYTES:g} MB belong into a commit")
    return found


if __name__ == "__main__":
    problems = too_large(sys.argv[1:], Path.cwd())
    if problems:
        sys.exit("\n".join(f"error: {problem}" for problem in problems))
