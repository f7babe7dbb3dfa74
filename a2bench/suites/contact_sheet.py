"""One picture that shows a suite: a card per case with its references, its tags and its prompt."""

import math
import re
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from a2bench.base.files import check_outside_of_runs, replacing
from a2bench.errors import InputError
from a2bench.model.cases import Case, ImageFile, Role, Suite
from a2bench.suites.images import FORMATS, MAX_PIXELS

ROLE_COLOURS: dict[Role, str] = {"character": "#2563eb", "object": "#c2410c", "background": "#047857"}
ROLE_TINTS: dict[Role, str] = {"character": "#dbeafe", "object": "#ffedd5", "background": "#d1fae5"}
_PAGE, _CARD, _LINE, _INK, _MUTED = "#eef1f5", "#ffffff", "#d5dae1", "#111827", "#5b6472"
_CARD_WIDTH, _PADDING, _GAP = 780, 24, 24
_IMAGE_HEIGHT, _IMAGE_GAP, _LABEL_HEIGHT, _CORNER = 230, 12, 30, 10
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE, _LINE_HEIGHT = 24, 19, 15, 29
_MAX_HEIGHT = 60_000
"""JPEG ends at 65,535 rows."""


class _Tile(NamedTuple):
    """An image on a card."""

    label: str
    role: Role
    picture: Image.Image

    @property
    def shape(self) -> float:
        """Width over height of its box; extreme pictures get a box that is less so."""
        return min(max(self.picture.width / self.picture.height, 0.5), 2.2)


class _Line(NamedTuple):
    """A line of a prompt: the pieces of text with the role they name, if any, and where each begins."""

    pieces: tuple[tuple[float, str, Role | None], ...]


MARK = "A2Bench contact sheet"
"""In the header of a JPEG: only what has it is replaced where nobody named a file."""


def is_contact_sheet(path: Path) -> bool:
    """Whether a file is a contact sheet that we have drawn."""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            return image.info.get("comment") == MARK.encode()
    except OSError:
        return False


def write_contact_sheet(suite: Suite, path: Path, case_ids: Collection[str] = ()) -> None:
    """Draw the suite (or only these cases) and save it as JPEG or PNG, by the name's ending; missing folders are made.

    Raises:
        InputError: another ending, a path that cannot be written, or too many cases for one picture.
    """
    if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise InputError(f"a contact sheet is a .jpg or .png file, not {path.name!r}; type for example -o sheet.jpg")
    check_outside_of_runs(path)
    sheet = draw_contact_sheet(suite, case_ids)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            sheet.save(temporary, quality=88, comment=MARK)
    except OSError as error:
        raise InputError(f"cannot write the contact sheet {path}: {error.strerror or error}") from None


def draw_contact_sheet(suite: Suite, case_ids: Collection[str] = ()) -> Image.Image:
    """Draw the suite (or only these cases): RGB, one card per case in two to six columns.

    Raises:
        UnknownNameError: a case that the suite does not have.
        InputError: too many cases for one picture.
    """
    cases = suite.select(case_ids or None).cases
    columns = min(6, max(1 if len(cases) == 1 else 2, math.ceil(math.sqrt(len(cases) / 8))))
    rows = [_Row(cases[start : start + columns]) for start in range(0, len(cases), columns)]
    header = 96
    width = columns * _CARD_WIDTH + (columns + 1) * _GAP
    height = header + sum(row.height + _GAP for row in rows)
    if height > _MAX_HEIGHT:
        raise InputError(f"{len(cases)} cases do not fit into one picture; choose some with --case ID")
    sheet = Image.new("RGB", (width, height), _PAGE)
    _draw_header(ImageDraw.Draw(sheet), suite, len(cases), width)
    top = header
    for row in rows:
        for column, case in enumerate(row.cases):
            _draw_card(sheet, case, row, _GAP + column * (_CARD_WIDTH + _GAP), top)
        top += row.height + _GAP
    return sheet


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _draw_header(draw: ImageDraw.ImageDraw, suite: Suite, drawn: int, width: int) -> None:
    title, small = _font(34), _font(18)
    draw.text((_GAP, 52), suite.name, _INK, title, anchor="ls")
    total = "1 case" if len(suite.cases) == 1 else f"{len(suite.cases)} cases"
    count = total if drawn == len(suite.cases) else f"{drawn} of {total}"
    draw.text((_GAP, 80), f"{count}, revision {suite.revision}", _MUTED, small, anchor="ls")
    right = float(width - _GAP)
    for role in reversed(ROLE_COLOURS):
        right -= draw.textlength(role, small)
        draw.text((right, 52), role, ROLE_COLOURS[role], small, anchor="ls")
        right -= 26
        draw.rounded_rectangle((right, 37, right + 16, 53), 4, ROLE_COLOURS[role])
        right -= 22


# --- a card ---------------------------------------------------------------------------------------------------------


class _Row:
    """Cards of one height, with their images and titles on common lines."""

    def __init__(self, cases: tuple[Case, ...]) -> None:
        self.cases = cases
        self.tiles = {case.id: tuple(_tiles(case)) for case in cases}
        self.image_height = max(_tile_height(tiles) for tiles in self.tiles.values())
        self.title = _PADDING + self.image_height + _LABEL_HEIGHT + 20 + _TITLE_SIZE - 4
        self.height = self.title + 18 + max(len(_wrapped(case)) for case in cases) * _LINE_HEIGHT + _PADDING


def _draw_card(sheet: Image.Image, case: Case, row: _Row, left: int, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((left, top, left + _CARD_WIDTH - 1, top + row.height - 1), 16, _CARD, _LINE)
    tiles = row.tiles[case.id]
    _draw_images(sheet, tiles, left + _PADDING, top + _PADDING + (row.image_height - _tile_height(tiles)) // 2)
    baseline = top + row.title
    draw.text((left + _PADDING, baseline), case.id, _INK, _font(_TITLE_SIZE), anchor="ls", stroke_width=0.4)
    _draw_tags(draw, case, left, baseline)
    _draw_prompt(draw, case, left + _PADDING, baseline + 18)


def _draw_tags(draw: ImageDraw.ImageDraw, case: Case, left: int, baseline: int) -> None:
    """Right-aligned on the title's line; tags that do not fit are left out."""
    small = _font(_SMALL_SIZE)
    right = float(left + _CARD_WIDTH - _PADDING)
    first = left + _PADDING + draw.textlength(case.id, _font(_TITLE_SIZE)) + 20
    for tag in reversed(case.tags):
        begin = right - draw.textlength(tag, small) - 16
        if begin < first:
            return
        draw.rounded_rectangle((begin, baseline - 18, right, baseline + 6), 12, _PAGE)
        draw.text((begin + 8, baseline - 1), tag, _MUTED, small, anchor="ls")
        right = begin - 6


def _tile_height(tiles: tuple[_Tile, ...]) -> int:
    room = _CARD_WIDTH - 2 * _PADDING - _IMAGE_GAP * (len(tiles) - 1)
    return min(_IMAGE_HEIGHT, int(room / sum(tile.shape for tile in tiles)))


def _draw_images(sheet: Image.Image, tiles: tuple[_Tile, ...], x: int, y: int) -> None:
    height = _tile_height(tiles)
    draw = ImageDraw.Draw(sheet)
    for tile in tiles:
        label, role = tile.label, tile.role
        width = int(tile.shape * height)
        sheet.paste(_fitted(tile.picture, width, height), (x, y), _round_corners(width, height))
        draw.rounded_rectangle((x, y, x + width - 1, y + height - 1), _CORNER, None, _LINE)
        draw.rounded_rectangle((x, y + height + 6, x + width - 1, y + height + 9), 2, ROLE_COLOURS[role])
        small = _font(_SMALL_SIZE)
        while label and draw.textlength(label, small) > width:
            label = label[:-1]
        draw.text((x, y + height + 26), label, ROLE_COLOURS[role], small, anchor="ls")
        x += width + _IMAGE_GAP


def _tiles(case: Case) -> Iterator[_Tile]:
    for name, element in case.named_elements():
        yield _Tile(name, element.role, _open(element.reference))
        for view in element.second_views:
            yield _Tile("held out", element.role, _open(view))


def _open(image: ImageFile) -> Image.Image:
    """The picture, small and in RGBA; a grey one with a word on it when the file cannot be read."""
    box = (3 * _IMAGE_HEIGHT, _IMAGE_HEIGHT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(image.path, formats=FORMATS) as file:
                if file.width * file.height > MAX_PIXELS:
                    raise ValueError("too large to decode")
                file.draft("RGB", box)
                picture = file.convert("RGBA")
                picture.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=3.0)
                return picture
    except FileNotFoundError:
        word = "missing"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        word = "unreadable"
    blank = Image.new("RGBA", (300, 300), _LINE)
    ImageDraw.Draw(blank).text((150, 150), word, _MUTED, _font(34), anchor="mm")
    return blank


def _fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The whole picture in a box of this size, over a checkerboard where it is transparent or does not reach."""
    tile = _checkerboard(width, height)
    scale = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    scaled = picture.resize(size, Image.Resampling.LANCZOS)
    tile.alpha_composite(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return tile


def _checkerboard(width: int, height: int, cell: int = 12) -> Image.Image:
    small = Image.new("L", (math.ceil(width / cell), math.ceil(height / cell)))
    small.putdata([255 if (i % small.width + i // small.width) % 2 else 228 for i in range(small.width * small.height)])
    size = (small.width * cell, small.height * cell)
    return small.resize(size, Image.Resampling.NEAREST).crop((0, 0, width, height)).convert("RGBA")


def _round_corners(width: int, height: int) -> Image.Image:
    mask = Image.new("L", (width * 2, height * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 2 - 1, height * 2 - 1), _CORNER * 2, 255)
    return mask.resize((width, height), Image.Resampling.BOX)


# --- the prompt -----------------------------------------------------------------------------------------------------


def prompt_spans(case: Case) -> Iterator[tuple[str, Role | None]]:
    """The prompt cut into pieces, each with the role of the phrase it belongs to; joined, they are the prompt."""
    roles: list[Role | None] = [None] * len(case.prompt)
    for element in sorted(case.elements, key=lambda element: -len(element.phrase)):
        for match in re.finditer(re.escape(element.phrase), case.prompt):
            if not any(roles[match.start() : match.end()]):
                for place in range(match.start(), match.end()):
                    roles[place] = element.role
    start = 0
    for end in range(1, len(roles) + 1):
        if end == len(roles) or roles[end] != roles[start]:
            yield case.prompt[start:end], roles[start]
            start = end


def _wrapped(case: Case) -> list[_Line]:
    font = _font(_TEXT_SIZE)
    room = _CARD_WIDTH - 2 * _PADDING
    lines: list[_Line] = []
    line: list[tuple[float, str, Role | None]] = []
    x = 0.0
    for word in _words(case):
        width = sum(font.getlength(text) for text, _ in word)
        blank = all(text.isspace() for text, _ in word)
        if line and x + width > room and not blank:
            lines.append(_Line(tuple(line)))
            line, x = [], 0.0
        for text, role in word:
            if line or not blank:
                line.append((x, text, role))
                x += font.getlength(text)
    return [*lines, _Line(tuple(line))]


def _words(case: Case) -> Iterator[list[tuple[str, Role | None]]]:
    """Pieces between which no line may break, alternating with the blanks where it may."""
    word: list[tuple[str, Role | None]] = []
    for span, role in prompt_spans(case):
        for text in re.findall(r"\s+|\S+", span):
            if word and text.isspace() != word[-1][0].isspace():
                yield word
                word = []
            word.append((" " if text.isspace() else text, role))
    yield word


def _draw_prompt(draw: ImageDraw.ImageDraw, case: Case, left: int, top: int) -> None:
    font = _font(_TEXT_SIZE)
    for number, line in enumerate(_wrapped(case)):
        baseline = top + number * _LINE_HEIGHT + _TEXT_SIZE
        pieces = list(line.pieces)
        while pieces and pieces[-1][1].isspace():
            pieces.pop()
        for x, text, role in pieces:
            if role:
                end = left + x + font.getlength(text)
                draw.rectangle((left + x - 2, baseline - 18, end + 2, baseline + 6), ROLE_TINTS[role])
        for x, text, role in pieces:
            draw.text((left + x, baseline), text, ROLE_COLOURS[role] if role else _INK, font, anchor="ls")
