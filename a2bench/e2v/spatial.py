"""Spatial branch: where and how the references stand in the 20 condition channels.

Paper: SkyReels-A2, arXiv:2504.02436; code: ``prepare_latents`` of SkyworkAI/SkyReels-A2 at 7c14e2e, "before VAE". The
references stand in the first frames of a clip that is otherwise mid-grey, the whole clip goes through the VAE once, and
the mask says which latent frames are references.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch

from a2bench.base.hashing import value_sha256
from a2bench.e2v.cache import EncodingCache
from a2bench.e2v.layout import ClipLayout
from a2bench.e2v.references import Reference, fit_to_frame, pixels


class SpatialBranch:
    """References -> condition.

    Args:
        vae: an ``AutoencoderKLWan`` on its device; it computes in its own type, all around it in float32.
    """

    def __init__(self, vae: Any) -> None:
        self.vae = vae
        self._posteriors = EncodingCache("encode:reference", max_bytes=1 << 30)

    def condition(
        self,
        references: tuple[Reference, ...],
        layout: ClipLayout,
        *,
        width: int,
        height: int,
        posterior: Literal["sample", "mode"],
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Encode references, which are in the order of their slots.

        With ``posterior="sample"`` one draw of ``[1, 16, T, h, w]`` is taken from the generator, so the result depends
        on the seed; with ``mode`` none is.

        Returns:
            ``[1, 4 + 16, T, h, w]`` float32: mask channels in {0, 1}, then normalised latents.
        """
        # 1. Pixel clip -> posterior, once for each distinct clip
        content = value_sha256([[r.role, r.content] for r in references] + [str(layout), width, height])
        moments = self._posteriors.get(content, lambda: self._moments(references, layout, width, height))
        mean, std = moments.to(self.vae.device).chunk(2)  # each [1, 16, T, h, w]

        # 2. Posterior -> normalised latents
        latents = mean
        if posterior == "sample":
            noise = torch.randn(mean.shape, generator=generator, dtype=torch.float32)  # on the CPU, on every device
            latents = mean + std * noise.to(mean.device)
        latents = self.normalise(latents)

        # 3. Mask channels, the same for every place of a latent frame
        mask = torch.from_numpy(layout.mask()).to(latents)  # [4, T]
        mask = mask[None, :, :, None, None].expand(1, *mask.shape, *latents.shape[-2:])  # [1, 4, T, h, w]
        return torch.cat([mask, latents], dim=1)  # [1, 20, T, h, w]

    def clip(self, references: tuple[Reference, ...], layout: ClipLayout, width: int, height: int) -> torch.Tensor:
        """The pixel clip ``[1, 3, F, H, W]`` float32 in [-1, 1]; empty frames are 0, which is mid-grey."""
        clip = np.zeros((1, 3, layout.num_frames, height, width), np.float32)
        start = 0
        for reference, shown in zip(references, layout.shown_frames, strict=True):
            clip[0, :, start : start + shown] = pixels(fit_to_frame(reference, width, height))[:, None]
            start += shown
        return torch.from_numpy(clip)

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """The VAE's latents, scaled to what the network was trained on."""
        mean, std = self._statistics(latents)
        return (latents - mean) / std

    def decode(self, latents: torch.Tensor, look: Callable[[torch.Tensor], None] | None = None) -> torch.Tensor:
        """Normalised latents ``[1, 16, T, h, w]`` -> frames ``[F, 3, H, W]`` float32 in [0, 1].

        Args:
            latents: what the network made.
            look: is shown the video ``[1, 3, F, H, W]`` before it is clamped, which would hide infinity.
        """
        latents = latents.to(self.vae.device, torch.float32)
        mean, std = self._statistics(latents)
        scaled = (latents * std + mean).to(self.vae.dtype)
        video: torch.Tensor = self.vae.decode(scaled, return_dict=False)[0].float()  # [1, 3, F, H, W]
        if look:
            look(video)
        return (video[0].transpose(0, 1) / 2 + 0.5).clamp(0, 1)  # [F, 3, H, W]

    def _moments(self, references: tuple[Reference, ...], layout: ClipLayout, width: int, height: int) -> torch.Tensor:
        clip = self.clip(references, layout, width, height).to(self.vae.device, self.vae.dtype)
        posterior = self.vae.encode(clip).latent_dist
        # Kept on the CPU: 33 MB at 81 frames of 832x480.
        return torch.cat([posterior.mean, posterior.std]).float().cpu()  # [2, 16, T, h, w]

    def _statistics(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, std = (
            torch.tensor(values, dtype=torch.float32, device=like.device).view(1, -1, 1, 1, 1)
            for values in (self.vae.config.latents_mean, self.vae.config.latents_std)
        )
        return mean, std
