"""Two processes on CPUs (Gloo) make the same latents as one."""

import multiprocessing
import os
import warnings
from pathlib import Path

import pytest
import torch
from golden_errors import golden_request
from safetensors.torch import load_file
from torch.distributed import TCPStore
from two_ranks import WAYS, make_latents

from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.division import check_division, num_tokens, spread
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.parallel import join_group
from a2bench.e2v.pipeline import Pipeline
from a2bench.errors import InputError

TOLERANCE = {"guidance": 0.0, "ulysses": 1e-5, "ring": 1e-5}
HEADS, TOKENS = 40, 32_760


def _rank(rank: int, port: int, checkpoint: Path, folder: Path) -> None:
    warnings.simplefilter("ignore", FutureWarning)  # diffusers calls collectives that PyTorch has renamed
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
    make_latents(checkpoint, folder)


@pytest.fixture(scope="module")
def of_two_ranks(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # listens before anybody knows its port
    context = multiprocessing.get_context("fork")  # what is imported here need not be imported twice more
    ranks = [context.Process(target=_rank, args=(rank, store.port, checkpoint, folder)) for rank in (0, 1)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(timeout=300)
        if rank.is_alive():
            rank.kill()
    assert [rank.exitcode for rank in ranks] == [0, 0]
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_two_ranks_make_what_one_makes(way: str, of_two_ranks: Path, pipeline: Pipeline) -> None:
    request = golden_request(0)
    alone = pipeline.denoise(pipeline.conditions(request), request.sampling)
    for rank in (0, 1):
        together = load_file(of_two_ranks / f"{way}-{rank}.safetensors")["latents"]
        assert (together - alone).abs().max() <= TOLERANCE[way]


@pytest.mark.parametrize(
    ("ranks", "attention", "guided", "expected"),
    [
        (1, "native", True, ("sequential", 1, 1)),
        (2, "native", True, ("parallel", 1, 1)),
        (4, "native", True, ("parallel", 2, 1)),
        (5, "native", True, ("sequential", 5, 1)),
        (8, "native", True, ("parallel", 4, 1)),
        (8, "native", False, ("sequential", 8, 1)),
        (16, "native", True, ("parallel", 8, 1)),
        (3, "flash", True, ("sequential", 1, 3)),
        (6, "flash", True, ("parallel", 1, 3)),
        (12, "flash", True, ("parallel", 2, 3)),
    ],
)
def test_gpus_are_divided_by_guidance_then_heads_then_tokens(
    ranks: int, attention: str, guided: bool, expected: tuple[str, int, int]
) -> None:
    found = spread(Acceleration(attention=attention), ranks, heads=HEADS, tokens=TOKENS, guided=guided)
    assert (found.guidance, found.ulysses, found.ring) == expected
    assert found.ranks == ranks


@pytest.mark.parametrize(
    ("ranks", "given", "can"),
    [
        (3, Acceleration(), "1, 2, 4, 5, 8, 10, 16 can; more with attention=native_cudnn"),
        (7, Acceleration(), "7 GPUs cannot make one video together: 40 heads, 32760 tokens and 2 passes"),
        (11, Acceleration(attention="flash"), "up to 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16 can$"),
        (4, Acceleration(cache="first-block"), "up to 16, 1, 2 can"),
    ],
)
def test_numbers_that_cannot_work_are_refused_with_those_that_can(ranks: int, given: Acceleration, can: str) -> None:
    with pytest.raises(InputError, match=can):
        spread(given, ranks, heads=HEADS, tokens=TOKENS)


def test_a_video_that_does_not_divide_is_refused_before_any_work() -> None:
    request = golden_request(0)
    assert num_tokens(request) == 30
    check_division(Acceleration(ulysses=2), request, heads=2)
    with pytest.raises(InputError, match="4 GPUs cannot make one video together: 3 heads, 30 tokens"):
        check_division(Acceleration(guidance="parallel", ulysses=2, ring=1), request, heads=3)


def test_other_numbers_of_processes_are_refused(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(InputError, match="take 4 processes, started were 1; type `torchrun --nproc-per-node 4`"):
        join_group(Acceleration(guidance="parallel", ulysses=2), "cpu")
    with pytest.raises(InputError, match="take 2 processes, here are 1"):
        load_pipeline(checkpoint, acceleration=Acceleration(ulysses=2))


def test_the_whole_video_takes_32760_tokens() -> None:
    from dataclasses import replace

    request = replace(golden_request(0), width=832, height=480, num_frames=81)
    assert num_tokens(request) == TOKENS
    assert torch.tensor([TOKENS % n for n in (2, 4, 5, 8)]).sum() == 0
