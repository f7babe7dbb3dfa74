"""Numbers on the command line: a range that holds no infinity and no NaN, which click's own lets through."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A number in a range; ``nan`` and ``inf``, which every later computation would trip over, are refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            click.BadParameter: no number, not finite, or out of the range.
        """
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
