from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from a2bench.base.counting import take_counts
from a2bench.e2v.pipeline import Pipeline, Step
from a2bench.e2v.references import Reference
from a2bench.e2v.request import Request, Sampling
from a2bench.errors import AdapterError, GenerationInterruptedError
from a2bench.model.cases import Role


def drawn(role: Role, seed: int) -> Reference:
    pixels = np.random.default_rng(seed).integers(0, 255, (30, 44, 3), dtype=np.uint8)
    return Reference(role, Image.fromarray(pixels))


def asked(*roles: Role, steps: int = 1, seed: int = 0) -> Request:
    references = tuple(drawn(role, number) for number, role in enumerate(roles))
    return Request(
        "a man and a ball",
        references,
        width=48,
        height=32,
        num_frames=17,
        seed=seed,
        sampling=Sampling(steps=steps, negative_prompt="blur"),
    )


SUBSETS: list[tuple[Role, ...]] = [
    ("character",),
    ("object",),
    ("background",),
    ("character", "object"),
    ("character", "background"),
    ("object", "background"),
    ("character", "object", "background"),
    ("character", "character", "background"),
]


@pytest.mark.parametrize("roles", SUBSETS, ids="+".join)
def test_every_subset_of_roles_gives_clean_frames(pipeline: Pipeline, roles: tuple[Role, ...]) -> None:
    request = asked(*roles)
    frames = pipeline.generate(request)
    assert frames.shape == (17 - 4 * len(roles), 32, 48, 3)
    assert frames.dtype == np.uint8
    assert frames.std() > 0


@pytest.mark.parametrize("roles", SUBSETS, ids="+".join)
def test_the_mask_marks_one_latent_frame_for_each_reference(pipeline: Pipeline, roles: tuple[Role, ...]) -> None:
    conditions = pipeline.conditions(asked(*roles))
    mask = conditions.spatial[0, :4]  # [4, T, h, w]
    marked = (mask == 1).all(dim=(0, 2, 3)).tolist()
    assert marked == [place < len(roles) for place in range(5)]
    assert mask.sum() == 4 * len(roles) * 4 * 6
    assert conditions.image.shape == (1, 17 * len(roles), 32)


def test_one_reference_is_marked_in_the_first_latent_frame_only(pipeline: Pipeline) -> None:
    mask = pipeline.conditions(asked("character")).spatial[0, :4, :, 0, 0]  # [4, T]
    assert mask.int().tolist() == [[1, 0, 0, 0, 0]] * 4


def test_roles_decide_the_place_and_not_the_order_of_the_list(pipeline: Pipeline) -> None:
    request = asked("character", "object", "background")
    turned = replace(request, references=request.references[::-1])
    assert (pipeline.generate(request) == pipeline.generate(turned)).all()


def test_the_role_changes_how_a_reference_is_fitted(pipeline: Pipeline) -> None:
    request = asked("object")
    place = replace(request, references=(Reference("background", request.references[0].image),))
    assert not torch.equal(pipeline.conditions(request).spatial, pipeline.conditions(place).spatial)


def test_equal_seeds_give_equal_frames_and_others_do_not(pipeline: Pipeline) -> None:
    request = asked("character", "background")
    first = pipeline.generate(request)
    assert (pipeline.generate(request) == first).all()
    assert (pipeline.generate(replace(request, seed=1)) != first).any()


def test_the_mode_of_the_posterior_does_not_depend_on_the_seed(pipeline: Pipeline) -> None:
    request = asked("character", "object")
    mode = replace(request, sampling=replace(request.sampling, posterior="mode"))
    for wanted, equal in ((request, False), (mode, True)):
        first, second = (pipeline.conditions(replace(wanted, seed=seed)).spatial for seed in (0, 1))
        assert torch.equal(first, second) is equal


def test_each_prompt_reference_and_clip_is_encoded_once(pipeline: Pipeline) -> None:
    take_counts()
    request = asked("character", "object", "background")
    for seed in range(3):
        pipeline.generate(replace(request, seed=seed))
    assert take_counts() == {"encode:image": 3, "encode:reference": 1, "encode:text": 2, "step": 3}
    pipeline.generate(replace(request, prompt="a woman"))  # the same references and negative prompt
    assert take_counts() == {"encode:text": 1, "step": 1}
    pipeline.generate(replace(request, references=request.references[:2]))  # another clip of known references
    assert take_counts() == {"encode:reference": 1, "step": 1}


def test_what_was_encoded_before_gives_the_same_video(pipeline: Pipeline) -> None:
    request = asked("character", "object", steps=2)
    pipeline.generate(replace(request, seed=7))
    take_counts()
    cached = pipeline.generate(request)
    assert not [event for event in take_counts() if event.startswith("encode")]
    for cache in (pipeline.semantic._texts, pipeline.semantic._images, pipeline.spatial._posteriors):
        cache._kept.clear()
    assert (pipeline.generate(request) == cached).all()
    assert take_counts()["encode:reference"] == 1


def test_a_full_cache_forgets_what_was_used_longest_ago() -> None:
    from a2bench.e2v.cache import EncodingCache

    cache = EncodingCache("encode:test", max_bytes=80)
    for content in ("a", "b", "a", "c", "a", "b"):  # 40 bytes each, so two fit
        cache.get(content, lambda: torch.zeros(10))
    assert take_counts() == {"encode:test": 4}  # b was forgotten for c


def test_guidance_of_one_runs_the_network_once_a_step(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    forward = pipeline.transformer.forward
    monkeypatch.setattr(pipeline.transformer, "forward", lambda **given: (calls.append(1), forward(**given))[1])
    request = asked("character", steps=2)
    pipeline.generate(request)
    assert len(calls) == 4
    take_counts()
    pipeline.generate(replace(request, sampling=replace(request.sampling, guidance_scale=1.0)))
    assert len(calls) == 6


def test_the_step_callback_sees_every_step(pipeline: Pipeline) -> None:
    steps: list[Step] = []
    pipeline.generate(asked("character", steps=3), steps.append)
    assert [(step.number, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3)]
    assert all(step.latents.shape == (1, 16, 5, 4, 6) and step.latents.dtype == torch.float32 for step in steps)


def test_an_interrupted_generation_stops_and_the_next_one_is_whole(pipeline: Pipeline) -> None:
    request = asked("character", steps=4)
    whole = pipeline.generate(request)
    seen: list[int] = []

    def stop_at_the_second(step: Step) -> None:
        seen.append(step.number)
        if step.number == 1:
            pipeline.interrupt()

    with pytest.raises(GenerationInterruptedError, match="interrupted after 2 of 4 steps") as told:
        pipeline.generate(request, stop_at_the_second)
    assert isinstance(told.value, AdapterError)
    assert seen == [0, 1]
    assert (pipeline.generate(request) == whole).all()


def test_the_margin_decides_how_many_frames_are_dropped(pipeline: Pipeline) -> None:
    request = asked("character", "object")
    kept = replace(request, sampling=replace(request.sampling, margin=0))
    assert (pipeline.generate(kept)[3:] == pipeline.generate(request)).all()
    assert len(pipeline.generate(kept)) == 17 - 5


def test_text_is_cleaned_and_padded_with_zeros(pipeline: Pipeline) -> None:
    with torch.inference_mode():
        tokens = pipeline.semantic.text_tokens("a  man &amp;amp; a\nball")
        assert torch.equal(tokens, pipeline.semantic.text_tokens("a man & a ball"))
    own = len(pipeline.semantic.reader.tokenizer("a man & a ball").input_ids)
    assert tokens.shape == (1, 512, 32)
    assert tokens[0, :own].abs().sum(dim=1).gt(0).all()
    assert not tokens[0, own:].any()
