"""A2Bench: does a system put the given people, things and places into the video, and is the video good?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from a2bench.results import load_results

__version__ = "0.2.0.dev0"
__all__ = ["__version__", "load_results"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use only when it is used."""
    if name == "load_results":
        from a2bench.results import load_results

        return load_results
    raise AttributeError(f"module 'a2bench' has no attribute {name!r}")
