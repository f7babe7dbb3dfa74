"""The snippets of docs/python.md, run in their order as one script."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from a2bench.model.video import Video, write_video

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_every_snippet_of_the_page_runs(tmp_path: Path) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(snippets) == 4
    rng = np.random.default_rng(0)
    for name in ("man.png", "cup.png", "park.jpg"):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / name)
    write_video(Video(rng.integers(0, 255, (6, 128, 192, 3), np.uint8), 8), tmp_path / "out.mp4")  # type: ignore[arg-type]
    lines = "\n".join(snippets).replace(
        "limit=2", "limit=1, settings=a2bench.GenerationSettings(width=192, height=128, num_frames=4)"
    )
    script = 'if __name__ == "__main__":\n' + "\n".join(f"    {line}".rstrip() for line in lines.splitlines())
    (tmp_path / "snippets.py").write_text(script + "\n")
    done = subprocess.run([sys.executable, "snippets.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "needs" in done.stdout  # the weights of text_alignment are not here, and that is said
    assert "brightness 0.4" in done.stdout or "brightness 0.5" in done.stdout
