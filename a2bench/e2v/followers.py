"""The other processes of a group, started and told what to make by the first: how one worker uses several GPUs.

The first process has the rank 0 and is whoever asks for videos; the followers run this module, load the same pipeline
and get every request through their standard input. When that closes, they end.
"""

import json
import os
import pickle
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.loading import Precision, load_pipeline
from a2bench.e2v.parallel import Group, join_group
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.request import Request
from a2bench.errors import A2BenchError, AdapterError


@dataclass(frozen=True)
class Recipe:
    """What every process of a group loads.

    folder: of the checkpoint. device: ``cuda`` or ``cpu``. precision, profile, video, acceleration: as for
    `a2bench.e2v.loading.load_pipeline`.
    """

    folder: str
    device: str
    precision: Precision
    profile: str
    video: tuple[int, int, int]
    acceleration: Acceleration

    def load(self) -> Pipeline:
        """Meet the others, and load."""
        group: Group = join_group(self.acceleration, self.device)
        return load_pipeline(
            Path(self.folder),
            device=group.device,
            precision=self.precision,
            profile=self.profile,
            video=self.video,
            acceleration=self.acceleration,
            group=group,
        )


class Followers:
    """The processes beside this one, as long as they are needed.

    Args:
        recipe: what they load; as many as its acceleration takes, less this one.
    """

    def __init__(self, recipe: Recipe) -> None:
        ranks = recipe.acceleration.ranks
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        shared = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "a2bench.e2v.followers", json.dumps(asdict(recipe))],
                env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdin=subprocess.PIPE,
            )
            for rank in range(1, ranks)
        ]
        os.environ.update(shared, RANK="0", LOCAL_RANK="0")

    def tell(self, request: Request) -> None:
        """Let all make this video together with this process, which calls `Pipeline.generate` next."""
        for process in self._processes:
            assert process.stdin is not None
            pickle.dump(request, process.stdin)
            process.stdin.flush()

    def close(self) -> None:
        """End them, whatever they do."""
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def follow(recipe: Recipe) -> None:
    """Make what the first process says, until it says no more."""
    pipeline = recipe.load()
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            pipeline.generate(request)
        except AdapterError:
            return  # in the middle of the work, where the others are not: without this process they cannot wait for it
        except A2BenchError:
            continue  # refused before any work; the first process refuses it too and says why


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    follow(Recipe(**{**given, "video": tuple(given["video"]), "acceleration": Acceleration(**given["acceleration"])}))
