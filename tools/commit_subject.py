"""A hook of git (``commit-msg``): the subject of a commit has 50 to 70 characters, so that a log can be read.

Called by pre-commit with the file that holds the message; `make hooks` installs it. Subjects that git itself writes
(merges, reverts, fixups) pass.
"""

import sys
from pathlib import Path

SHORTEST, LONGEST = 50, 70
BY_GIT = ("Merge ", 'Revert "', "fixup! ", "squash! ", "amend! ")


def complaint(message: str) -> str | None:
    """Why a message is refused, or None.

    >>> complaint("board: heads say 'fps differs' instead of 'unlike fps'")
    >>> complaint("update README")
    "the subject has 13 characters, 50 to 70 are asked for: 'update README'; say what a user can now do"
    """
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return None  # git refuses an empty message itself
    subject = lines[0]
    if subject.startswith(BY_GIT):
        return None
    if not SHORTEST <= len(subject) <= LONGEST:
        wanted = f"{SHORTEST} to {LONGEST} are asked for"
        return f"the subject has {len(subject)} characters, {wanted}: {subject!r}; say what a user can now do"
    if len(lines) > 1 and lines[1]:
        return "the second line of a message is empty; the body begins on the third"
    return None


if __name__ == "__main__":
    found = complaint(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if found:
        sys.exit(f"error: {found}")
