"""A2Bench: does a system put the given people, things and places into the video, and is the video good?"""

__version__ = "0.1.0"
