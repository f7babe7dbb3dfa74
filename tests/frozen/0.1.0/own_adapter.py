"""An adapter of one's own, as `a2bench systems template` begins one; it breaks for seed 1."""

import numpy as np
from a2bench.cases import Case
from a2bench.systems import GenerationSettings, ModelMeta
from a2bench.video import Video


class Fade:
    """From black to a colour that the seed chooses."""

    meta = ModelMeta(name="fade", revision="1", title="Fade", device="cpu")

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        if seed == 1:
            raise ValueError("weights of the wrong shape: expected 4, got 16")
        colour = np.random.default_rng(seed).integers(60, 255, 3)
        light = np.linspace(0, 1, settings.num_frames)[:, None, None, None]
        frames = np.broadcast_to(light * colour, (settings.num_frames, settings.height, settings.width, 3))
        return Video(frames.astype(np.uint8), settings.fps)
