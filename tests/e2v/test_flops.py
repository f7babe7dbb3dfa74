"""FLOPs of the network by the closed formula of benchmarks/generation.py, against PyTorch's counter."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from generation import main, measure, network_flops, published, random_pipeline  # noqa: E402

from a2bench.e2v.acceleration import Acceleration  # noqa: E402

GOLDEN = json.loads((Path(__file__).parent / "golden/model/transformer/config.json").read_text())


@pytest.mark.parametrize(
    ("config", "video", "references"),
    [
        ({**published(), "num_layers": 2}, (832, 480, 81), 3),
        ({**published(), "num_layers": 1}, (832, 480, 81), 1),
        (GOLDEN, (48, 32, 17), 2),
    ],
    ids=["published", "published, one reference", "tiny"],
)
def test_the_closed_formula_is_what_pytorch_counts(
    config: dict[str, Any], video: tuple[int, int, int], references: int
) -> None:
    own = {key: value for key, value in config.items() if not key.startswith("_")}
    width, height, num_frames = video
    with torch.device("meta"), torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network = import_module("diffusers").WanTransformer3DModel(**own)
        network(
            hidden_states=torch.empty(1, 36, (num_frames - 1) // 4 + 1, height // 8, width // 8),
            timestep=torch.empty(1, dtype=torch.int64),
            encoder_hidden_states=torch.empty(1, 512, own["text_dim"]),
            encoder_hidden_states_image=torch.empty(1, references * 257, own["image_dim"]),
            return_dict=False,
        )
    assert network_flops(config, *video, references) == counter.get_total_flops()


def test_one_forward_at_full_size_takes_1_702_petaflop() -> None:
    assert round(network_flops(published(), 832, 480, 81, 3) / 1e15, 3) == 1.702
    assert round(network_flops(published(), 832, 480, 81, 1) / 1e15, 3) == 1.686


def test_the_benchmark_measures_the_tiny_model_and_guesses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "tiny", "--steps", "1", "--set", "guidance=batched", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["weights"] == "tiny, random"
    assert found["goal_seconds"] is None
    assert found["tier"] == "equivalent"
    assert found["load_seconds"] > 0
    assert 0 < found["non_denoising_share"] < 1
    assert found["flop_per_second"] == pytest.approx(found["flop_per_step"] * found["steps_per_second"])


def test_random_weights_run_as_they_will_on_a_gpu() -> None:
    """The way of the full size, at a tiny one on the CPU."""
    sizes = {
        "transformer": {key: value for key, value in GOLDEN.items() if not key.startswith("_")},
        "vae": {"base_dim": 3, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1},
        "text_encoder": {"vocab_size": 120, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
        "image_encoder": {
            "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 4, "num_attention_heads": 4,
            "image_size": 32, "patch_size": 8,
        },
    }  # fmt: skip
    pipeline = random_pipeline(sizes, (48, 32, 17), "cpu", "auto", Acceleration(guidance="batched"))
    assert pipeline.transformer.dtype == pipeline.semantic.text_encoder.dtype == torch.bfloat16
    assert pipeline.transformer.scale_shift_table.dtype == torch.float32
    found = measure(pipeline, (48, 32, 17), 1, "cpu")
    assert found["tier"] == "equivalent"
    assert found["flop_per_step"] == 2 * network_flops({**GOLDEN, "tokens_per_image": 17}, 48, 32, 17, 3)


def test_a_setting_that_cannot_be_used_ends_the_benchmark_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "tiny", "--set", "cache=all"]) == 2
    assert capsys.readouterr().err.startswith("cache 'all' must be one of none, first-block")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_full_size_without_a_gpu_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--size", "full"])
    assert "needs a GPU and there is none: nothing is guessed" in capsys.readouterr().err
