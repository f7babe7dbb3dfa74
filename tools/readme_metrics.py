"""Writes the README's table of metrics from what each metric says of itself: `make docs`.

Title, range, direction and networks are those of its `MetricInfo`; the question is the first sentence of its card. The
table stands between two comments of the README, and whatever is typed between them is lost. A test compares, so that a
metric that changes its title or its networks cannot leave the README behind.
"""

import os
from pathlib import Path

from a2bench.model.scores import MetricInfo

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN = "<!-- Made by `make docs` from the metrics and their cards; whatever is typed into this table is lost. -->\n"
END = "<!-- End of what `make docs` makes. -->\n"


def built_in_metrics() -> list[MetricInfo]:
    """What every metric of A2Bench says of itself, as on a machine where nobody has chosen a judge; no plug-ins."""
    for name in [name for name in os.environ if name.startswith("A2BENCH_JUDGE_")]:
        del os.environ[name]
    from a2bench.base import registry
    from a2bench_metrics import METRICS

    return [registry.load("metric", name).info for name in METRICS]


def table(infos: list[MetricInfo]) -> str:
    """The rows, one for each metric in the order of the registry."""
    head = "| metric | what | range | better | by |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(_row(info) for info in infos)


def question(name: str) -> str:
    """What a metric asks, with which its card opens."""
    card = (ROOT / f"metrics/cards/{name}.md").read_text(encoding="utf-8")
    asked, mark, _ = card.removeprefix(f"# {name}\n\n").partition("?")
    if not mark or "\n" in asked or asked.startswith("#"):
        raise ValueError(f"metrics/cards/{name}.md does not open with a question on the line below its title")
    return f"{asked}?"


def _row(info: MetricInfo) -> str:
    name = f"`{info.name}`" + ("" if info.default else " *")
    better = "neither" if info.direction == "none" else info.direction
    return f"| {name} | {info.title}. {question(info.name)} | {range_text(info)} | {better} | {info.backend} |\n"


def range_text(info: MetricInfo) -> str:
    """Which values there can be, and in which unit."""
    low, high = info.range
    if high is None:
        ends = "no bounds" if low is None else f"from {low:g}"
    else:
        ends = f"up to {high:g}" if low is None else f"{low:g} to {high:g}"
    return f"{ends} ({info.unit})" if info.unit else ends


def with_table(readme: str, rows: str) -> str:
    """The README with these rows in place of those that it has."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{README.name} lacks the two comments that the table of metrics stands between")
    return f"{before}{begin}\n{rows}\n{end}{after}"


def main() -> None:
    """Write the README anew where its table is not what the metrics say."""
    old = README.read_text(encoding="utf-8")
    new = with_table(old, table(built_in_metrics()))
    if new == old:
        print(f"{README.name}: its table of metrics is what they say")
        return
    README.write_text(new, encoding="utf-8")
    print(f"{README.name}: table of metrics written anew")


if __name__ == "__main__":
    main()
