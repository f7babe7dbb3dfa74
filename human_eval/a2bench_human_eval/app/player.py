"""The player of one or two clips: a Streamlit component that keeps both in step."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st


@cache
def _component() -> Any:
    part = {kind: files(__package__).joinpath(f"player.{kind}").read_text("utf-8") for kind in ("html", "css", "js")}
    return st.components.v2.component("a2bench_player", html=part["html"], css=part["css"], js=part["js"])


def player(
    key: str, clips: list[tuple[str, str]], *, seconds: float, fps: int, size: tuple[int, int], preload: list[str]
) -> bool:
    """Draw the player.

    Args:
        key: of this ballot; the player stays as it is as long as it is the same.
        clips: ``(label, URL)`` of one or two clips.
        seconds: their common length.
        fps: their frame rate.
        size: width and height in pixels.
        preload: URLs of the clips after these.

    Returns:
        Whether the clips were played to their end.
    """
    data = {
        "id": key,
        "clips": [{"label": label, "url": url} for label, url in clips],
        "seconds": seconds,
        "fps": fps,
        "width": size[0],
        "height": size[1],
        "next": preload,
    }
    result = _component()(key=f"player-{key}", data=data, on_played_change=lambda: None, default={"played": None})
    played = result.played or {}
    return bool(played.get("id") == key and played.get("share", 0) >= 1)
