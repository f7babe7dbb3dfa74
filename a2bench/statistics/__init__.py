"""Every interval, test, rank and agreement, each once; `docs/statistics.md` says which is used where, and how it holds.

What reports and the validity gate use needs numpy only; what studies of people use needs scipy.
"""

VERSION = 2
"""Changes whenever the same values may give other intervals, tests or ranks; `a2bench/base/changes.json` says how."""
