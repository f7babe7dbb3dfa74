import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from acceleration_differences import Difference, differences, make, tiny_request

from a2bench.base.counting import take_counts
from a2bench.e2v.acceleration import (
    ATTENTION,
    CHOICES,
    RING_ATTENTION,
    ULYSSES_ATTENTION,
    Acceleration,
    parse_acceleration,
)
from a2bench.e2v.caching import prepare_cache
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.request import Sampling
from a2bench.errors import InputError

EQUIVALENT_PSNR = 50
PSNR = {  # of the approximate ones on the tiny model, a little below what was measured
    "vae=bfloat16": 40,
    "VAE by tiles": 32,
    "storage=fp8": 37,
    "cache=first-block": 60,
    "cache=taylorseer": 45,
    "cache=mag": 40,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Difference]:
    return dict(differences(tmp_path_factory.mktemp("differences")))


def test_offloading_changes_no_bit(found: dict[str, Difference]) -> None:
    exact = [name for name, difference in found.items() if difference.tier == "exact"]
    assert exact == ["encoders offloaded by groups", "all offloaded by groups"]
    assert all(found[name].largest == 0 for name in exact)


def test_what_is_called_equivalent_has_50_db(found: dict[str, Difference]) -> None:
    equivalent = {name: difference.psnr for name, difference in found.items() if difference.tier == "equivalent"}
    assert {"attention=native_math", "guidance=batched"} <= equivalent.keys()
    assert min(equivalent.values()) >= EQUIVALENT_PSNR


def test_approximate_ones_do_change_the_video_and_not_beyond_recognition(found: dict[str, Difference]) -> None:
    approximate = {name: difference.psnr for name, difference in found.items() if difference.tier == "approximate"}
    assert approximate.keys() == PSNR.keys()
    for name, psnr in approximate.items():
        assert PSNR[name] <= psnr < math.inf


@pytest.mark.parametrize(
    "given",
    [
        Acceleration(cache="first-block", cache_threshold=0.1),
        Acceleration(cache="taylorseer", cache_interval=3),
    ],
    ids=lambda given: given.cache,
)
def test_a_cache_skips_layers_and_forgets_the_last_video(checkpoint: Path, given: Acceleration) -> None:
    ran: list[int] = []

    def watch(pipeline: Pipeline) -> None:
        pipeline.transformer.blocks[1].attn1.to_q.register_forward_hook(lambda *_: ran.append(1))

    first, pipeline = make(checkpoint, given, watch)
    assert 0 < len(ran) < 2 * 10  # two passes, ten steps
    request = tiny_request()
    with torch.inference_mode():
        again = pipeline.spatial.decode(pipeline.denoise(pipeline.conditions(request), request.sampling))
    assert (again.numpy() == first).all()


def test_a_cache_follows_the_number_of_steps(pipeline: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "ratios.json"
    path.write_text(json.dumps([1.0, 0.9, 0.8, 0.9]))
    given = Acceleration(cache="mag", cache_ratios=str(path))
    for steps in (4, 8, 4):
        prepare_cache(pipeline.transformer, given, steps)
        assert pipeline.transformer._cache_config.num_inference_steps == steps
        assert len(pipeline.transformer._cache_config.mag_ratios) == steps


@pytest.mark.parametrize(
    ("given", "tier"),
    [
        ({}, "exact"),
        ({"attention": "native_cudnn"}, "equivalent"),
        ({"attention": "flash_3", "compile": "true"}, "equivalent"),
        ({"guidance": "batched"}, "equivalent"),
        ({"guidance": "parallel"}, "equivalent"),
        ({"ulysses": "4"}, "equivalent"),
        ({"vae": "bfloat16"}, "approximate"),
        ({"storage": "fp8"}, "approximate"),
        ({"cache": "first-block", "guidance": "batched"}, "approximate"),
        ({"attention": "sage"}, "approximate"),
    ],
)
def test_the_tier_follows_from_the_settings(given: dict[str, str], tier: str) -> None:
    assert parse_acceleration(given).tier(Sampling()) == tier
    assert parse_acceleration(given).tier(Sampling(steps=20)) == "other sampler"


@pytest.mark.parametrize("changed", [{"steps": 4}, {"flow_shift": 3.0}, {"guidance_scale": 1.0}])
def test_another_sampler_is_told(changed: dict[str, Any]) -> None:
    assert Acceleration().tier(replace(Sampling(), **changed)) == "other sampler"
    assert Acceleration().tier(replace(Sampling(), margin=0, posterior="mode")) == "exact"


def test_only_what_can_change_a_video_is_part_of_its_identity(tmp_path: Path) -> None:
    path = tmp_path / "ratios.json"
    path.write_text("[1, 0.9]")
    assert Acceleration().identity() == {}
    assert Acceleration(guidance="parallel").identity() == {}
    assert Acceleration(cache_threshold=0.3).identity() == {}  # of no cache
    assert Acceleration(guidance="batched", ulysses=2).identity() == {"guidance": "batched", "ulysses": 2}
    mag = Acceleration(cache="mag", cache_ratios=str(path)).identity()
    path = path.rename(tmp_path / "moved.json")
    assert Acceleration(cache="mag", cache_ratios=str(path)).identity() == mag
    path.write_text("[1, 0.8]")
    assert Acceleration(cache="mag", cache_ratios=str(path)).identity() != mag


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"attention": "flash3"}, "attention 'flash3' must be one of native, native_cudnn, "),
        ({"compile": "yes"}, "compile 'yes' must be true or false"),
        ({"guidance": "both"}, "guidance 'both' must be one of sequential, batched, parallel"),
        ({"cache": "teacache"}, "cache 'teacache' must be one of none, first-block, taylorseer, mag"),
        ({"cache": "first-block", "cache_threshold": "2"}, "cache_threshold must be between 0 and 1, got 2"),
        ({"cache": "taylorseer", "cache_interval": "1"}, "cache_interval must be 2 steps or more, got 1"),
        ({"cache_interval": "often"}, "cache_interval 'often' must be a number"),
        ({"cache": "mag"}, "cache=mag and cache_ratios=FILE go together"),
        ({"storage": "int4"}, "storage 'int4' must be one of full, fp8"),
        ({"vae": "half"}, "vae 'half' must be one of float32, bfloat16"),
        ({"ulysses": "0"}, "ulysses and ring must be 1 or more, got 0 and 1"),
        ({"ring": "2"}, "ring attention needs attention=native_cudnn or native_flash or .*, got native"),
        ({"ulysses": "2", "attention": "xformers"}, "ulysses needs attention=native or .*, got xformers"),
        ({"ulysses": "2", "cache": "first-block"}, "cache=first-block does not work with ulysses or ring"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_the_choices(given: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_acceleration(given)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is no JSON list of numbers"),
        ("{", "is no JSON list"),
        ("[1, null]", "is no JSON list"),
        ("[]", "holds no"),
    ],
)
def test_ratios_that_cannot_be_read_are_refused(content: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "ratios.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=words):
        Acceleration(cache="mag", cache_ratios=str(path)).identity()


def test_an_attention_that_is_not_installed_is_refused_with_the_reason(checkpoint: Path) -> None:
    with pytest.raises(
        InputError, match=r"attention=flash does not work here: .*flash-attn.*; attention=native always"
    ):
        load_pipeline(checkpoint, acceleration=Acceleration(attention="flash"))


def test_the_attention_of_one_pipeline_is_not_that_of_the_next(checkpoint: Path) -> None:
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    default = _AttentionBackendRegistry.get_active_backend()
    for name in ("native_math", "native"):
        pipeline = load_pipeline(checkpoint, acceleration=Acceleration(attention=name))
        found = {block.attn1.processor._attention_backend.value for block in pipeline.transformer.blocks}
        assert found == {"_native_math" if name == "native_math" else "native"}
        assert _AttentionBackendRegistry.get_active_backend() == default


def test_attention_back_ends_are_those_of_diffusers() -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

    known = {backend.value.lstrip("_"): backend for backend in AttentionBackendName}
    assert ATTENTION.keys() <= known.keys()
    across = {name.lstrip("_") for name in _AttentionBackendRegistry._supports_context_parallel}
    assert set(RING_ATTENTION) < set(ULYSSES_ATTENTION) <= across
    assert CHOICES["attention"] == tuple(ATTENTION)


def test_out_of_memory_in_the_network_is_made_again_from_the_start(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(tiny_request(), sampling=replace(tiny_request().sampling, steps=2))
    expected = pipeline.make(request)
    assert (expected.rung, pipeline.tier(Sampling())) == ("none", "exact")
    left = [2]
    attend = pipeline.transformer.blocks[1].attn1.forward

    def limited(*given: Any, **named: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return attend(*given, **named)

    monkeypatch.setattr(pipeline.transformer.blocks[1].attn1, "forward", limited)
    take_counts()
    made = pipeline.make(request)
    assert made.rung == "offload"
    assert (made.value == expected.value).all()
    assert take_counts()["step"] == 2  # both failures were in the first step
    left[0] = 2  # the network is offloaded already, so the next rungs are to clear and to tile
    assert pipeline.make(request).rung == "tile"
    assert pipeline.tier(Sampling()) == "approximate"


@pytest.mark.slow
def test_compiled_blocks_are_equivalent(tmp_path: Path) -> None:
    given = {name: difference for name, difference in differences(tmp_path, compiled=True) if name == "compile=true"}
    assert given["compile=true"].tier == "equivalent"
    assert given["compile=true"].psnr >= EQUIVALENT_PSNR
