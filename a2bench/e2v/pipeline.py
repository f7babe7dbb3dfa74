"""From a request to frames: noise and conditions, denoising with text guidance, decoding, trimming.

The same function as the released ``models/pipeline_a2.py`` (SkyworkAI/SkyReels-A2 at 7c14e2e), shown by the golden
vectors in ``tests/e2v``. Random numbers come from one CPU generator in the released order: the noise, then the
posterior of the condition clip. Latents, conditions, guidance and scheduler are float32 whatever the network's type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.caching import prepare_cache
from a2bench.e2v.division import check_division
from a2bench.e2v.finite import FiniteNumbers, OutputWatch
from a2bench.e2v.offload import Made, PlacedModel
from a2bench.e2v.parallel import Group
from a2bench.e2v.references import in_slots
from a2bench.e2v.request import Request, Sampling, check_extent, check_request
from a2bench.e2v.semantic import SemanticBranch
from a2bench.e2v.sigmas import TRAIN_STEPS, Sampler, sigma_table
from a2bench.e2v.spatial import SpatialBranch
from a2bench.errors import GenerationInterruptedError
from a2bench.model.tiers import Tier, loosest

LATENT_CHANNELS = 16
RATIO = 8
"""Pixels along a side of one latent."""


class Step(NamedTuple):
    """What a step callback is told.

    number: from 0. total: number of steps. latents: ``[1, 16, T, h, w]`` float32 after this step; not to be changed.
    """

    number: int
    total: int
    latents: torch.Tensor


@dataclass(frozen=True)
class Conditions:
    """All that the network gets beside the time, on its device.

    noise: ``[1, 16, T, h, w]`` float32, where sampling starts. spatial: ``[1, 20, T, h, w]`` float32.
    image: ``[1, N * 257, d]``, in the network's type, as are text and negative: ``[1, 512, d]``; negative is None
    without guidance.
    """

    noise: torch.Tensor
    spatial: torch.Tensor
    image: torch.Tensor
    text: torch.Tensor
    negative: torch.Tensor | None


class Pipeline:
    """SkyReels-A2 with its components resident.

    Args:
        transformer: a ``WanTransformer3DModel`` with 36 input channels, on its device.
        spatial: the spatial branch, which also decodes.
        semantic: the semantic branch.
        placed: where these networks are.
        acceleration: what of it belongs to the loop; the rest is in the networks already.
        group: the processes that make each video together, None for one. All call `generate` with the same requests.
    """

    def __init__(
        self,
        transformer: Any,
        spatial: SpatialBranch,
        semantic: SemanticBranch,
        placed: PlacedModel,
        acceleration: Acceleration | None = None,
        group: Group | None = None,
    ) -> None:
        self.transformer = transformer
        self.spatial = spatial
        self.semantic = semantic
        self.placed = placed
        self.acceleration = acceleration or Acceleration()
        self.group = group
        self._interrupted = False
        precision = str(transformer.dtype).removeprefix("torch.")
        self._finite = FiniteNumbers({"precision": precision, **self.acceleration.shown()}, "skyreels-a2")

    def interrupt(self) -> None:
        """Stop the generation under way before its next step; may be called by the step callback or a thread."""
        self._interrupted = True

    def make(self, request: Request, on_step: Callable[[Step], None] | None = None) -> Made[NDArray[np.uint8]]:
        """`generate`, and where memory runs out climb the ladder of `PlacedModel.run` and start again."""
        return self.placed.run(lambda: self.generate(request, on_step))

    def tier(self, sampling: Sampling) -> Tier:
        """How equal what is made now is to what the released code makes."""
        return loosest([self.acceleration.tier(sampling), self.placed.tier])

    def check(self, request: Request) -> None:
        """Refuse what this pipeline cannot make.

        Raises:
            InputError: says what is wrong and what can be asked for.
        """
        check_request(request)
        check_extent(request, self.transformer.config.rope_max_seq_len)
        if self.group is not None:
            check_division(self.acceleration, request, self.transformer.config.num_attention_heads)
        self.semantic.reader.check(request.prompt)
        self.semantic.reader.check(request.sampling.negative_prompt)

    @torch.inference_mode()
    def generate(self, request: Request, on_step: Callable[[Step], None] | None = None) -> NDArray[np.uint8]:
        """Make one video.

        Returns:
            ``[num_frames - trim, H, W, 3]`` uint8, RGB: without the frames of the references and the margin.

        Raises:
            InputError: a request that cannot be met; said before any work.
            AdapterError: numbers that are not finite, so that there is no video.
            GenerationInterruptedError: `interrupt` was called.
        """
        self.check(request)
        self._interrupted = False
        latents = self.denoise(self.conditions(request), request.sampling, on_step)
        with OutputWatch(self.spatial.vae.decoder) as decoder:  # whose output the VAE clamps
            frames = self.spatial.decode(latents, lambda video: self._finite.require(video, "decoding the video"))
        self._finite.require(decoder.ends, "decoding the video")
        frames = frames[request.trim :]  # [F', 3, H, W]
        frames = (frames * 255).round().to(torch.uint8).permute(0, 2, 3, 1)  # [F', H, W, 3]
        return frames.cpu().numpy()

    @torch.inference_mode()
    def conditions(self, request: Request) -> Conditions:
        """Draw the noise and encode prompt and references; what was encoded before is not encoded again.

        Raises:
            AdapterError: an encoder gave numbers that are not finite.
        """
        device, dtype = self.transformer.device, self.transformer.dtype
        references, layout = in_slots(request.references), request.layout

        # 1. Noise: the first draw of the generator
        generator = torch.Generator("cpu").manual_seed(request.seed)
        shape = (1, LATENT_CHANNELS, layout.num_latent_frames, request.height // RATIO, request.width // RATIO)
        noise = torch.randn(shape, generator=generator, dtype=torch.float32)

        # 2. Spatial branch: the second draw
        spatial = self.spatial.condition(
            references,
            layout,
            width=request.width,
            height=request.height,
            posterior=request.sampling.posterior,
            generator=generator,
        )

        # 3. Semantic branch
        image = self.semantic.image_tokens(references)
        text = self.semantic.text_tokens(request.prompt)
        guided = request.sampling.guidance_scale > 1
        negative = self.semantic.text_tokens(request.sampling.negative_prompt) if guided else None
        for encoded, encoder in (
            (spatial, "the VAE, encoding the references,"),
            (image, "the image encoder"),
            (text, "the text encoder"),
            (negative, "the text encoder"),
        ):
            if encoded is not None:
                self._finite.require(encoded, encoder)
        return Conditions(
            noise=noise.to(device),
            spatial=spatial.to(device),
            image=image.to(device, dtype),
            text=text.to(device, dtype),
            negative=None if negative is None else negative.to(device, dtype),
        )

    @torch.inference_mode()
    def denoise(
        self, conditions: Conditions, sampling: Sampling, on_step: Callable[[Step], None] | None = None
    ) -> torch.Tensor:
        """Noise -> latents ``[1, 16, T, h, w]`` float32, normalised.

        Raises:
            AdapterError: a step gave numbers that are not finite; it names the step.
            GenerationInterruptedError: `interrupt` was called.
        """
        prepare_cache(self.transformer, self.acceleration, sampling.steps)
        scheduler = make_scheduler(sampling.flow_shift, sampling.sampler)
        scheduler.set_timesteps(sampling.steps, device=conditions.noise.device)
        latents = conditions.noise
        for index, time in enumerate(scheduler.timesteps):
            if self._interrupted:
                self._interrupted = False
                raise GenerationInterruptedError(f"interrupted after {index} of {sampling.steps} steps")
            velocity = self._velocity(latents, time, conditions, sampling.guidance_scale)
            latents = scheduler.step(velocity, time, latents, return_dict=False)[0]
            count("step")
            self._finite.require(latents, f"step {index + 1} of {sampling.steps}")
            if on_step:
                on_step(Step(index, sampling.steps, latents))
        return latents

    def _velocity(
        self, latents: torch.Tensor, time: torch.Tensor, conditions: Conditions, guidance_scale: float
    ) -> torch.Tensor:
        """Guided prediction of the network, ``[1, 16, T, h, w]`` float32."""
        seen = torch.cat([latents, conditions.spatial], dim=1).to(self.transformer.dtype)  # [1, 36, T, h, w]

        def forward(name: str, *texts: torch.Tensor) -> torch.Tensor:
            number = len(texts)
            with self.transformer.cache_context(name):
                out: torch.Tensor = self.transformer(
                    hidden_states=seen.expand(number, -1, -1, -1, -1),
                    timestep=time.expand(number),
                    encoder_hidden_states=torch.cat(texts),
                    encoder_hidden_states_image=conditions.image.expand(number, -1, -1),
                    return_dict=False,
                )[0]
            return out.float()  # [number, 16, T, h, w]

        if conditions.negative is None:
            return forward("cond", conditions.text)
        # Both passes see the same references: guidance is by text only.
        if self.group is not None and self.acceleration.guidance == "parallel":
            first = self.group.guidance_rank == 0
            own = forward("cond", conditions.text) if first else forward("uncond", conditions.negative)
            wanted, unwanted = self.group.gather_guidance(own)
        elif self.acceleration.guidance == "batched":
            wanted, unwanted = forward("both", conditions.text, conditions.negative).chunk(2)
        else:
            wanted = forward("cond", conditions.text)
            unwanted = forward("uncond", conditions.negative)
        return unwanted + guidance_scale * (wanted - unwanted)


def make_scheduler(flow_shift: float, sampler: Sampler = "current") -> Any:
    """UniPC over flow sigmas as in the released scripts, which override the checkpoint's own shift of 3.

    The steps are the library's, the table of noise levels is ours (`a2bench.e2v.sigmas`): whichever diffusers is
    installed, the scheduler follows the one that was named.
    """
    library: Any = import_module("diffusers").UniPCMultistepScheduler

    class UniPC(library):  # type: ignore[misc]
        def set_timesteps(self, num_inference_steps: int, device: Any = None, **_: Any) -> None:
            super().set_timesteps(num_inference_steps, device=device)
            table = sigma_table(sampler, num_inference_steps, flow_shift)
            self.sigmas = torch.from_numpy(table.sigmas)  # the library too keeps them on the CPU
            self.timesteps = torch.from_numpy(table.timesteps).to(device)
            # Else it looks for the first timestep by its number, which from about 126 steps on stands there twice: it
            # would begin at the second and fail after the last but one.
            self.set_begin_index(0)

    return UniPC(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=TRAIN_STEPS, flow_shift=flow_shift
    )
