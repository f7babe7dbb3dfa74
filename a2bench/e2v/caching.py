"""Steps that skip most of the network: diffusers' caches, set up for a number of steps; and the ratios of MagCache.

Papers: first-block cache (ParaAttention, after TeaCache, arXiv:2411.19108), TaylorSeer (arXiv:2503.06923), MagCache
(arXiv:2506.09045). All are approximate: average scores hide what they cost, so look at the elements.
"""

from importlib import import_module
from typing import Any

from a2bench.e2v.acceleration import Acceleration


def prepare_cache(transformer: Any, acceleration: Acceleration, steps: int) -> None:
    """Make a network ready for the next video: what it kept of the last one is forgotten."""
    if acceleration.cache == "none":
        return
    wanted = _config(acceleration, steps, transformer.dtype)
    if transformer.is_cache_enabled and repr(transformer._cache_config) == repr(wanted):
        transformer._reset_stateful_cache()
        return
    if transformer.is_cache_enabled:
        transformer.disable_cache()
    transformer.enable_cache(wanted)


def _config(acceleration: Acceleration, steps: int, dtype: Any) -> Any:
    hooks = import_module("diffusers.hooks")
    if acceleration.cache == "first-block":
        return hooks.FirstBlockCacheConfig(threshold=acceleration.cache_threshold)
    if acceleration.cache == "taylorseer":
        return hooks.TaylorSeerCacheConfig(
            cache_interval=acceleration.cache_interval,
            disable_cache_before_step=3,
            taylor_factors_dtype=dtype,
            # The defaults of diffusers 0.42.1 match no layer of this network, without saying so.
            cache_identifiers=[r"blocks\.\d+\.(attn[12]|ffn)"],
        )
    return hooks.MagCacheConfig(
        threshold=acceleration.cache_threshold, num_inference_steps=steps, mag_ratios=acceleration.ratios
    )


class MagCalibration:
    """Measures what MagCache needs while one video is made in full.

    Used around `a2bench.e2v.pipeline.Pipeline.generate` of a pipeline without a cache; afterwards `ratios` holds one
    number for each step, to be saved as JSON for ``cache_ratios``.

    Args:
        transformer: the network.
        steps: denoising steps of the video.
    """

    def __init__(self, transformer: Any, steps: int) -> None:
        self.transformer = transformer
        self.steps = steps
        self.ratios: list[float] = []

    def __enter__(self) -> "MagCalibration":
        # One step more than there are: at the last one diffusers prints the ratios and forgets them.
        hooks = import_module("diffusers.hooks")
        self.transformer.enable_cache(hooks.MagCacheConfig(calibrate=True, num_inference_steps=self.steps + 1))
        return self

    def __exit__(self, *error: object) -> None:
        last = self.transformer.blocks[-1]._diffusers_hook.get_hook("mag_cache_block_hook")
        state = last.state_manager._state_cache.get("cond")
        self.ratios = list(state.calibration_ratios) if state else []
        self.transformer.disable_cache()
