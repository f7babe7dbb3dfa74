"""The two pictures of a video that pages show: a strip of frames and a poster.

They are drawn while the frames are in memory for scoring, so that a page needs no decode of its own. Both are named by
the video's hash and by the layout, so that an old picture is never taken for a new one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.base.files import replacing
from a2bench.model.video import Video

STRIP_FRAMES = 8
STRIP_HEIGHT = 90
POSTER_SIDE = 480
LAYOUT = "v1"
"""Changes whenever strips or posters are drawn differently."""


@dataclass(frozen=True)
class PicturePaths:
    """Where the pictures of one video are, or belong."""

    strip: Path
    poster: Path

    @property
    def exist(self) -> bool:
        """Whether both are there; they are written in one step each, so being there means being complete."""
        return self.strip.is_file() and self.poster.is_file()


def picture_paths(folder: Path, video_sha256: str) -> PicturePaths:
    """Paths of a video's pictures below a folder."""
    name = f"{video_sha256[:32]}-{LAYOUT}.jpg"
    return PicturePaths(folder / "strips" / name, folder / "posters" / name)


def strip_frames(num_frames: int, number: int = STRIP_FRAMES) -> tuple[int, ...]:
    """Frames from the first to the last, evenly spread.

    >>> strip_frames(81)
    (0, 11, 22, 34, 45, 57, 68, 80)
    """
    if num_frames <= number:
        return tuple(range(num_frames))
    return tuple(i * (num_frames - 1) // (number - 1) for i in range(number))


def draw_pictures(video: Video, paths: PicturePaths) -> None:
    """Draw the strip and the poster (the middle frame of the strip) of a video."""
    chosen = strip_frames(video.num_frames)
    height, width = video.frames.shape[1:3]
    tile_width = max(1, round(width * STRIP_HEIGHT / height))
    strip = Image.new("RGB", (tile_width * len(chosen), STRIP_HEIGHT))
    for place, index in enumerate(chosen):
        strip.paste(_scaled(video.frames[index], tile_width, STRIP_HEIGHT), (place * tile_width, 0))
    scale = min(1.0, POSTER_SIDE / width, POSTER_SIDE / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    _save(strip, paths.strip, quality=78)
    _save(_scaled(video.frames[chosen[len(chosen) // 2]], *size), paths.poster, quality=82)


def _scaled(frame: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    return Image.fromarray(frame).resize((width, height), Image.Resampling.BOX)


def _save(picture: Image.Image, path: Path, quality: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        picture.save(temporary, quality=quality, optimize=True)
