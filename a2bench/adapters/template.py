"""A working adapter to copy: put your own system where it says HERE, then `a2bench systems check my_file:MySystem`."""

import numpy as np
from PIL import Image

from a2bench.errors import AdapterError
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video


class MySystem:
    """One line on your system."""

    meta = ModelMeta(
        name="my-system",
        revision="1",  # change it with weights, code or prompt template
        title="My system",
        description="one line for `a2bench systems list`",
        licence="Apache-2.0",
        max_references=8,
        device="cpu",  # or "gpu": one process per device
        # native=NativeSettings(width=832, height=480, fps=16, num_frames=81): what it was released for
    )

    def __init__(self, strength: str = "1.0") -> None:
        self.strength = float(strength)  # options arrive as text: --set strength=0.5. Load weights in generate.

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        """Make a video of exactly `settings`; equal seeds give equal frames."""
        size = (settings.width, settings.height)
        try:
            images = [Image.open(element.reference.path).convert("RGB").resize(size) for element in case.elements]
        except OSError as error:
            raise AdapterError(f"case {case.id!r}: {error}") from None
        # HERE: case.prompt and images go into your model; this one fades from reference to reference.
        places = np.linspace(0, len(images) - 1, settings.num_frames)
        pairs = [(images[int(p)], images[min(int(p) + 1, len(images) - 1)], p % 1) for p in places]
        return Video(np.stack([np.asarray(Image.blend(*pair)) for pair in pairs]), settings.fps)
