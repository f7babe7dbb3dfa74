"""The page of one case: prompt, references, every entry's video of it side by side, and all values."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from a2bench.base.text import number_text
from a2bench_leaderboard.board.pages.site import Site


def case_pages(site: Site) -> Iterator[tuple[str, str]]:
    """Path and text of each case's page, and of the list of cases."""
    yield "cases/index.html", site.render("cases.html.j2", "../", "Cases", rows=_list(site))
    heads = [
        f'<tr class="{escape(entry["kind"])}"><th scope="row"><a href="../{entry["page"]}">{escape(entry["label"])}</a>'
        for entry in site.entries
    ]
    samples = [_by_case(entry) for entry in site.entries]
    texts = _texts(site)
    for number, case in enumerate(site.cases):
        name = case["id"]
        before, after = (site.cases[(number + step) % len(site.cases)]["id"] for step in (-1, 1))
        rows = Markup(
            "\n".join(f"{head}{cells[site.case_row[name]]}</tr>" for head, cells in zip(heads, texts, strict=True))
        )
        seeds = _seeds(site, name, samples)
        page = site.render("case.html.j2", "../", name, case=case, before=before, after=after, seeds=seeds, rows=rows)
        yield site.case_pages[name], page


def _by_case(entry: Mapping[str, Any]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for place, (case, seed) in enumerate(entry["samples"]):
        found.setdefault(case, {})[seed] = place
    return found


def _texts(site: Site) -> list[list[str]]:
    """For each entry, in the order of the board, and each case the cells of its row."""
    means = np.stack([site.means[column["name"]] for column in site.columns], 2)  # [k, E, C]
    fails = [column["validity"]["state"] == "fails" for column in site.columns]
    heads = [f'<td class="number{" fails" if failing else ""}">' for failing in fails]
    return [
        [
            "".join(
                f"{head}{'–' if value != value else number_text(value)}</td>"
                for head, value in zip(heads, values, strict=True)
            )
            for values in means[:, entry["place"]].tolist()
        ]
        for entry in site.entries
    ]


def _seeds(site: Site, case: str, samples: list[dict[str, dict[int, int]]]) -> list[dict[str, Any]]:
    """For each seed the figures of systems and of controls, and how many there are."""
    found = []
    for seed in sorted({seed for of in samples for seed in of.get(case, ())}):
        figures: dict[str, list[str]] = {"system": [], "control": []}
        for entry, of in zip(site.entries, samples, strict=True):
            if seed in of.get(case, {}):
                figures[entry["kind"]].append(_figure(site, entry, of[case][seed]))
        joined = {kind: Markup("\n".join(of_kind)) for kind, of_kind in figures.items()}
        found.append({"seed": seed, **joined, "controls": len(figures["control"])})
    return found


def _figure(site: Site, entry: Mapping[str, Any], sample: int) -> str:
    case, seed = entry["samples"][sample]
    value = None if site.by is None else entry["values"][site.by.name][sample]
    label = f"Video of {entry['label']} for {case}, seed {seed}"
    remarks = "".join(
        f'<p class="small">{escape(found["remark"])}</p>'
        for found in entry.get("remarks", ())
        if [case, seed] in found["samples"]
    )
    return (
        f'<figure class="player"><figcaption><a href="../{entry["page"]}">{escape(entry["label"])}</a> '
        f"<b>{number_text(value)}</b></figcaption>{site.figure(entry, sample, label)}{remarks}</figure>"
    )


def _list(site: Site) -> list[dict[str, Any]]:
    """Each case with the mean, the least and the greatest value of the systems."""
    systems = [entry["place"] for entry in site.entries if entry["kind"] == "system"]
    rows = []
    for case in site.cases:
        values = [] if site.by is None else site.means[site.by.name][site.case_row[case["id"]], systems].tolist()
        values = [value for value in values if value == value]
        rows.append(
            {
                "case": case,
                "mean": sum(values) / len(values) if values else None,
                "low": min(values, default=None),
                "high": max(values, default=None),
                "spread": max(values) - min(values) if values else None,
            }
        )
    return rows
