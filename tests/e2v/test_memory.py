from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from a2bench.base.counting import take_counts
from a2bench.e2v import memory, offload
from a2bench.e2v.loading import Precision, checkpoint_parts, load_pipeline
from a2bench.e2v.memory import Part, Placement, Working, choose_placement, part_of, part_of_module, wan_working
from a2bench.e2v.offload import PlacedModel
from a2bench.errors import InputError

GB = 10**9
PARTS = {
    "transformer": Part("network", 33 * GB, 3 * GB),
    "text_encoder": Part("encoder", 11 * GB, 4 * GB),
    "image_encoder": Part("encoder", 3 * GB, 1 * GB),
    "vae": Part("vae", 1 * GB, 1 * GB),
}
WORKING = Working(network=4 * GB, vae=8 * GB, tiled_vae=2 * GB)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says how many GB are free on a GPU and in main memory."""

    def set_free(gpu: float | None, main: float | None = 64) -> None:
        given = {"cuda": gpu, "cpu": main}
        monkeypatch.setattr(
            memory, "free_bytes", lambda device: None if given[device] is None else int(given[device] * GB)
        )

    return set_free


def stored_parameters(checkpoint: Path, name: str) -> int:
    return sum(t.numel() for path in (checkpoint / name).glob("*.safetensors") for t in load_file(path).values())


@pytest.mark.parametrize(("precision", "low"), [("bfloat16", 2), ("float32", 4)])
def test_the_bytes_of_all_weights_are_known_without_loading_them(
    checkpoint: Path, precision: Precision, low: int
) -> None:
    parts = checkpoint_parts(checkpoint, precision)
    for name, part in parts.items():
        size = low if name in ("transformer", "text_encoder") else 4
        assert part.num_bytes == size * stored_parameters(checkpoint, name)
        assert part.group_bytes <= 2 * part.num_bytes


def test_a_loaded_network_has_the_size_that_its_file_promised(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint, precision="float32")
    promised = checkpoint_parts(checkpoint, "float32")["transformer"]
    assert sum(tensor.nbytes for tensor in pipeline.transformer.parameters()) == promised.num_bytes
    found = part_of_module("network", pipeline.transformer)  # counts the tables of positions too, which no file holds
    assert promised.num_bytes < found.num_bytes < 2 * promised.num_bytes


@pytest.mark.parametrize(
    ("profile", "gpu", "offloaded", "tiled"),
    [
        ("auto", None, set(), False),
        ("auto", 141, set(), False),
        ("80gb", 141, set(), False),
        ("auto", 50, {"encoder"}, False),
        ("40gb", 141, {"encoder", "network"}, False),
        ("24gb", 25, {"encoder", "network"}, False),
        ("auto", 12, {"encoder", "network"}, False),
        ("auto", 11, {"encoder", "network"}, True),
    ],
)  # fmt: skip
def test_the_fastest_placement_that_fits_is_taken(
    free: Callable[..., None], profile: str, gpu: float | None, offloaded: set[str], tiled: bool
) -> None:
    free(gpu)
    found = choose_placement(profile, PARTS, "cuda", WORKING)
    assert (found.device, set(found.offloaded), found.tiled) == ("cuda", offloaded, tiled)
    assert gpu is None or found.needed <= gpu * GB


def test_on_the_cpu_everything_is_resident(free: Callable[..., None]) -> None:
    free(24, 64)
    assert choose_placement("auto", PARTS, "cpu", WORKING) == choose_placement("cpu", PARTS, "cuda", WORKING)
    assert choose_placement("cpu", PARTS, "cuda", WORKING) == Placement("cpu", needed=56 * GB)


@pytest.mark.parametrize(
    ("profile", "device", "gpu", "main", "words"),
    [
        ("16gb", "cuda", 16, 64, "profile '16gb' must be one of auto, 24gb, 40gb, 80gb, cpu"),
        ("24gb", "cpu", 16, 64, "'24gb' is for a GPU and the device is the CPU; take auto or cpu"),
        ("80gb", "cuda", 30, 64, "takes 58.5 GB, and cuda has 30.0 GB free; profile 24gb or 40gb fits"),
        ("auto", "cuda", 6, 64, "takes 10.5 GB, and cuda has 6.0 GB free; no profile for a GPU fits; cpu fits where"),
        ("24gb", "cuda", 30, 32, "47.0 GB of weights would wait in main memory, which has 32.0 GB free; a machine"),
        ("cpu", "cuda", 30, 32, "take 56.0 GB on the CPU, which has 32.0 GB free; give a GPU with --device cuda"),
    ],
)
def test_too_little_memory_is_refused_with_what_fits(
    free: Callable[..., None], profile: str, device: str, gpu: float, main: float, words: str
) -> None:
    free(gpu, main)
    with pytest.raises(InputError, match=words):
        choose_placement(profile, PARTS, device, WORKING)


def test_nothing_is_loaded_where_it_does_not_fit(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_counts()
    monkeypatch.setattr(memory, "free_bytes", lambda device: 100_000)
    with pytest.raises(InputError, match="on the CPU, which has 0.0 GB free"):
        load_pipeline(checkpoint)
    assert take_counts() == {}


def test_free_memory_of_this_machine_is_a_number() -> None:
    free = memory.free_bytes("cpu")
    assert free is None or free > 1 << 20
    assert memory.free_bytes("mps") is None


def test_a_video_takes_what_full_size_forwards_took() -> None:
    """Peaks of tests/e2v/working_memory.py, in GB: network of 3.75, VAE of 8.17 whole and of 1.82 by tiles."""
    found = [round(value / GB, 1) for value in wan_working(832, 480, 81)]
    assert found == [3.8, 8.3, 2.4]
    assert wan_working(832, 480, 81, batch=2).network == 2 * wan_working(832, 480, 81).network


class Limited(torch.nn.Module):
    """A network whose first ``failures`` forwards run out of memory."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(torch.nn.Linear(3, 3) for _ in range(2))
        self.failures, self.tiled = failures, False

    def enable_tiling(self) -> None:
        self.tiled = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.failures:
            self.failures -= 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        for block in self.blocks:
            x = block(x)
        return x


def limited(failures: int) -> tuple[PlacedModel, Limited, Limited]:
    network, vae = Limited(failures), Limited(0)
    parts = {"transformer": part_of_module("network", network), "vae": part_of_module("vae", vae)}
    return PlacedModel({"transformer": network, "vae": vae}, parts, Placement("cpu")), network, vae


@pytest.mark.parametrize(("failures", "rung"), [(0, "none"), (1, "clear"), (2, "offload"), (3, "tile")])
def test_out_of_memory_climbs_one_rung_at_a_time(failures: int, rung: str) -> None:
    placed, network, vae = limited(failures)
    x = torch.ones(2, 3)
    take_counts()
    with torch.no_grad():
        made = placed.run(lambda: vae(network(x)))
    assert made.rung == rung
    assert made.value.shape == x.shape
    assert take_counts() == {f"memory:{name}": 1 for name in ("clear", "offload", "tile")[:failures]}
    assert ("network" in placed.placement.offloaded) is (failures >= 2)
    assert vae.tiled is placed.placement.tiled is (failures == 3)
    assert placed.tier == ("approximate" if failures == 3 else "exact")
    with torch.no_grad():  # what was climbed stays; memory that was only given back is no lasting state
        assert placed.run(lambda: network(x)).rung == ("none" if failures < 2 else rung)
        network.failures = 1  # which clearing cures
        assert placed.run(lambda: network(x)).rung == ("clear" if failures < 2 else rung)


def test_at_the_end_of_the_ladder_the_sample_fails() -> None:
    placed, network, _ = limited(99)
    with pytest.raises(torch.OutOfMemoryError):
        placed.run(lambda: network(torch.ones(2, 3)))
    assert network.failures == 95


def test_rungs_that_would_change_nothing_are_left_out() -> None:
    network = Limited(2)
    parts = {"transformer": part_of_module("network", network)}
    placed = PlacedModel({"transformer": network}, parts, Placement("cpu", frozenset({"network"})))
    with pytest.raises(torch.OutOfMemoryError):
        placed.run(lambda: network(torch.ones(2, 3)))
    assert network.failures == 0


def test_nothing_is_moved_to_a_device_before_offloading_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    network, vae = Limited(0), Limited(0)
    done: list[str] = []
    for name, module in (("network", network), ("vae", vae)):
        monkeypatch.setattr(module, "to", lambda device, name=name: done.append(f"{name} to {device}"))
    monkeypatch.setattr(offload, "_offload_by_groups", lambda module, part, device: done.append(f"groups to {device}"))
    parts = {"vae": part_of_module("vae", vae), "transformer": part_of_module("network", network)}
    PlacedModel({"vae": vae, "transformer": network}, parts, Placement("cuda", frozenset({"network"})))
    assert done == ["network to cpu", "groups to cuda", "vae to cuda"]


def test_blocks_are_the_groups_of_a_network_and_tensors_those_of_an_encoder() -> None:
    tensors = [("blocks.0.a", 3), ("blocks.0.b", 4), ("blocks.1.a", 5), ("head", 1)]
    assert part_of("network", tensors) == Part("network", 13, 15)
    assert part_of("encoder", tensors) == Part("encoder", 13, 10)
