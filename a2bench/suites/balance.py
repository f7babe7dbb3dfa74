"""What a suite asks for and how often: kinds of elements and tags by split, as counts and as a picture."""

from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from a2bench.base.files import check_outside_of_runs, replacing
from a2bench.errors import InputError
from a2bench.model.cases import ROLES, SPLITS, Case, Suite

_INK, _MUTED, _PAGE, _BAR = "#111827", "#5b6472", "#ffffff", "#e5e9ef"
_COLOURS = {"mini": "#7c3aed", "dev": "#2563eb", "test": "#047857", "all": "#374151"}
_ROW, _LABEL, _BARS, _NUMBERS, _GAP = 26, 340, 520, 190, 24


def composition(case: Case) -> str:
    """The number and kinds of a case's elements, as in ``2 characters + background``."""
    counts = Counter(element.role for element in case.elements)
    return " + ".join(role if counts[role] == 1 else f"{counts[role]} {role}s" for role in ROLES if counts[role])


def suite_balance(suite: Suite) -> dict[str, dict[str, dict[str, int]]]:
    """Counts of cases: section (``elements``, ``tags``) -> row -> split, the most frequent first.

    Cases without a split count as ``all``; ``cases`` holds the totals.
    """
    sections: dict[str, dict[str, Counter[str]]] = {"cases": {"cases": Counter()}, "elements": {}, "tags": {}}
    for case in suite.cases:
        split = case.split or "all"
        sections["cases"]["cases"][split] += 1
        sections["elements"].setdefault(composition(case), Counter())[split] += 1
        for tag in dict.fromkeys(case.tags):
            sections["tags"].setdefault(tag, Counter())[split] += 1
    return {
        section: {
            name: {split: counts[split] for split in (*SPLITS, "all") if counts[split]}
            for name, counts in sorted(rows.items(), key=lambda row: (-row[1].total(), row[0]))
        }
        for section, rows in sections.items()
    }


def write_balance(suite: Suite, path: Path) -> None:
    """Draw the balance as bars, one row for each kind of case and each tag, and save it as PNG.

    Raises:
        InputError: another ending, or a path that cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"the balance is drawn as a .png file, not {path.name!r}")
    check_outside_of_runs(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            draw_balance(suite).save(temporary)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None


def draw_balance(suite: Suite) -> Image.Image:
    """The balance, RGB: bars are parts of the suite's cases, coloured by split."""
    balance = suite_balance(suite)
    splits = [split for split in (*SPLITS, "all") if balance["cases"]["cases"].get(split)]
    rows = _rows(balance)
    width, top = _GAP * 2 + _LABEL + _BARS + _NUMBERS, 84
    picture = Image.new("RGB", (width, top + _ROW * len(rows) + _GAP), _PAGE)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP, 44), f"{suite.name}: {len(suite.cases)} cases", _INK, ImageFont.load_default(size=26), anchor="ls")
    small = ImageFont.load_default(size=15)
    x = float(_GAP)
    for split in splits:
        draw.rectangle((x, 58, x + 12, 70), _COLOURS[split])
        text = f"{split} {balance['cases']['cases'][split]}"
        draw.text((x + 18, 70), text, _MUTED, small, anchor="ls")
        x += 18 + draw.textlength(text, small) + 24
    for number, (name, counts) in enumerate(rows):
        y = top + number * _ROW
        if counts is None:
            draw.text((_GAP, y + 19), name, _INK, ImageFont.load_default(size=18), anchor="ls")
            continue
        draw.text((_GAP + _LABEL - 12, y + 18), name, _INK, small, anchor="rs")
        _draw_bar(draw, counts, len(suite.cases), y)
        numbers = " / ".join(str(counts.get(split, 0)) for split in splits)
        text = f"{sum(counts.values())}" + (f"  ({numbers})" if len(splits) > 1 else "")
        draw.text((_GAP + _LABEL + _BARS + 12, y + 18), text, _MUTED, small, anchor="ls")
    return picture


def _rows(balance: dict[str, dict[str, dict[str, int]]]) -> list[tuple[str, dict[str, int] | None]]:
    rows: list[tuple[str, dict[str, int] | None]] = []
    for section, title in (("elements", "Elements"), ("tags", "Tags")):
        if balance[section]:
            rows += [(title, None), *balance[section].items()]
    return rows


def _draw_bar(draw: ImageDraw.ImageDraw, counts: dict[str, int], total: int, y: int) -> None:
    left = float(_GAP + _LABEL)
    draw.rectangle((left, y + 5, left + _BARS, y + 20), _BAR)
    for split, count in counts.items():
        right = left + _BARS * count / total
        draw.rectangle((left, y + 5, right, y + 20), _COLOURS[split])
        left = right


def open_counts(suite: Suite) -> dict[str, int]:
    """How many cases need nothing fetched: in all (``cases``), with all three roles, and by split."""
    cases = suite.open_cases()
    counts = Counter(case.split for case in cases if case.split)
    return {
        "cases": len(cases),
        "all_roles": sum({element.role for element in case.elements} == set(ROLES) for case in cases),
        **{split: counts[split] for split in SPLITS if counts[split]},
    }


def open_line(counts: dict[str, int], num_cases: int) -> str:
    """The counts of `open_counts` in words, for a suite of so many cases."""
    splits = ", ".join(f"{split} {counts[split]}" for split in SPLITS if split in counts)
    return (
        f"Open: {counts['cases']} of {num_cases} cases need nothing fetched{f' ({splits})' if splits else ''}, "
        f"{counts['all_roles']} of them with a character, an object and a background"
    )


def balance_lines(suite: Suite) -> list[str]:
    """The balance as text: total and splits of each row."""
    balance = suite_balance(suite)
    splits = [split for split in (*SPLITS, "all") if balance["cases"]["cases"].get(split)]
    totals = ", ".join(f"{split} {balance['cases']['cases'][split]}" for split in splits)
    lines = [f"Splits: {totals}"] if splits != ["all"] else []
    lines += [open_line(open_counts(suite), len(suite.cases))]
    for name, counts in _rows(balance):
        if counts is None:
            lines += ["", f"{name}" + (f" (in all; {' / '.join(splits)})" if len(splits) > 1 else "")]
            continue
        numbers = " / ".join(str(counts.get(split, 0)) for split in splits)
        lines.append(f"  {sum(counts.values()):>4}  {name}" + (f"  ({numbers})" if len(splits) > 1 else ""))
    return lines
