"""A2Bench: does a system put the given people, things and places into the video, and is the video good?"""

from typing import TYPE_CHECKING, Any

from a2bench.base.version import __version__

if TYPE_CHECKING:
    from a2bench.show.dataframe import load_results

__all__ = ["__version__", "load_results"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use only when it is used."""
    if name == "load_results":
        from a2bench.show.dataframe import load_results

        return load_results
    raise AttributeError(f"module 'a2bench' has no attribute {name!r}")
