from pathlib import Path

import pytest
from safetensors.torch import load_file

from a2bench.counting import take_counts
from a2bench.e2v import memory
from a2bench.e2v.loading import load_pipeline
from a2bench.errors import InputError


def stored_parameters(checkpoint: Path, name: str) -> int:
    return sum(t.numel() for path in (checkpoint / name).glob("*.safetensors") for t in load_file(path).values())


def test_the_bytes_of_all_weights_are_known_without_loading_them(checkpoint: Path) -> None:
    low = stored_parameters(checkpoint, "transformer") + stored_parameters(checkpoint, "text_encoder")
    full = stored_parameters(checkpoint, "vae") + stored_parameters(checkpoint, "image_encoder")
    assert memory.weight_bytes(checkpoint, 2) == 2 * low + 4 * full
    assert memory.weight_bytes(checkpoint, 4) == 4 * (low + full)


def test_a_device_that_cannot_hold_the_weights_is_refused_before_loading(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_counts()
    monkeypatch.setattr(memory, "free_bytes", lambda device: 100_000)
    with pytest.raises(InputError, match=r"take 0\.0 GB in bfloat16, and cpu has 0\.0 GB free; .* with --device$"):
        load_pipeline(checkpoint)
    with pytest.raises(InputError, match="--set precision=bfloat16 for half of it"):
        load_pipeline(checkpoint, precision="float32")
    assert take_counts() == {}


def test_where_free_memory_is_unknown_nothing_is_refused(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: None)
    memory.check_memory(checkpoint, "float32", "mps")


def test_free_memory_of_this_machine_is_a_number() -> None:
    free = memory.free_bytes("cpu")
    assert free is None or free > 1 << 20
    assert memory.free_bytes("mps") is None
