"""Set-up of `make demo`: what the demo needs into .venv, and nothing more; the size is said first.

The developers' tools, diffusers, transformers and Streamlit stay out. torch is taken for the CPU wherever a machine
without a GPU can get it. `make test` completes the same .venv later.
"""

import sys
import tempfile
import time
from pathlib import Path

from environments import ROOT, constraints, gigabytes, locked, run, torch_build, uv

SIZES = {"cpu": (0.4, 1.4), "cuda": (2.9, 5.8)}
"""Build of torch -> gigabytes to download and on disk, measured (docs: README, Five minutes)."""


def main() -> None:
    """Fill .venv, whose interpreter is given."""
    python = Path(sys.argv[1])
    started = time.monotonic()
    torch = torch_build(python, locked("torch"), needs_torchvision=False)
    download, disk = SIZES[torch.kind]
    print(f"Setting up .venv with what the demo needs: about {download} GB to download, {disk} GB on disk.", flush=True)
    print(f"It gets {torch.why}.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if torch.requirement:
            pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            run([*pip, "--no-deps", torch.requirement], what="installing torch")
        limits = constraints(Path(folder), without=["torch"] if torch.requirement else [])
        command: list[str | Path] = [
            *uv(),
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "-c",
            limits,
            *torch.arguments,
        ]
        run([*command, "-e", ".[metrics]"], what="setting up .venv")
    taken = gigabytes(ROOT / ".venv")
    print(f"Set up in {time.monotonic() - started:.0f} s; .venv takes {taken:.1f} GB.", flush=True)


if __name__ == "__main__":
    main()
