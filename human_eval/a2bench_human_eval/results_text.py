"""Results of a study as text for a terminal: never a rank without its set, never a number without its interval."""

from collections.abc import Iterator
from typing import Any

from a2bench_human_eval.results import Number, PairBoard, RatingBoard, StudyResults


def results_text(results: StudyResults) -> str:
    """The results of `a2bench_human_eval.analysis.analyse`."""
    counts = ", ".join(f"{number} {purpose}" for purpose, number in results.votes.items())
    lines = [f"ballots: {counts or 'none'}"]
    for board in results.boards:
        lines += ["", *_head(board)]
        lines += _pair_board(board) if isinstance(board, PairBoard) else _rating_board(board)
    flagged = [row for row in results.raters if row.flags]
    if flagged:
        lines += ["", "raters with flags (weighted down in `weighted`, not removed):"]
        lines += [f"  {row.rater}: {', '.join(row.flags)}" for row in flagged]
    if results.metrics is not None:
        lines += ["", "metrics against people, within prompts (share of the majority's preferences):"]
        lines += [f"  {row['metric']}: {_agreement(row)}" for row in results.metrics]
    return "\n".join(lines)


def _head(board: PairBoard | RatingBoard) -> Iterator[str]:
    kind = "confirmatory" if board.confirmatory else "exploratory"
    yield f"{board.dimension} ({kind}, {board.votes} votes)"
    yield f"  {asked_text(board.text)}"


def asked_text(text: str | None) -> str:
    """What raters read, or that it is not known."""
    return text or "(the study's rubric does not have this question)"


def _pair_board(board: PairBoard) -> Iterator[str]:
    for row in board.systems:
        ranks = row.ranks
        rank = "rank unknown" if ranks is None else "rank " + "-".join(map(str, dict.fromkeys(ranks)))
        best = "" if row.p_best is None else f", best in {row.p_best:.0%} of resamples"
        yield f"  {row.system:<24} {interval(row.elo, 0):<24} {rank}{best}"
    if board.reason:
        yield f"  {board.reason}"
    if board.both_bad_share is not None:
        yield f"  both bad: {board.both_bad_share:.0%}; left share {interval(board.left_share, 2)}"
    yield f"  Krippendorff alpha {interval(board.alpha, 2)}"
    yield f"  same answer with sides exchanged: {interval(board.swap_consistency, 2)}"
    turn = board.fragility
    if turn and turn.votes is not None and turn.share is not None:
        yield f"  {turn.votes} votes ({turn.share:.1%}) taken away would let {turn.challenger} lead"
    for warning in board.warnings:
        yield f"  note: {warning}"


def _rating_board(board: RatingBoard) -> Iterator[str]:
    for row in board.systems:
        yield f"  {row.system:<24} {interval(row.mos, 2)} (1 to 5, rater bias and noise taken out)"
    if board.reason:
        yield f"  {board.reason}"
    if board.alpha:
        yield f"  Krippendorff alpha {interval(board.alpha, 2)}"


def interval(estimate: Number, digits: int) -> str:
    """``value [low, high]``, or why there is none."""
    if estimate.value is None:
        return f"none ({estimate.reason})"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f} (no interval: {estimate.reason})"
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


def _agreement(row: dict[str, Any]) -> str:
    if row["accuracy"] is None:
        return f"not measured ({row['reason']})"
    share = row["share_of_ceiling"]
    ceiling = "" if share is None else f", {share:.0%} of what is possible"
    return (
        interval(Number.model_validate(row["accuracy"]), 2)
        + ceiling
        + (f", {row['unscored']} pairs unscored" if row["unscored"] else "")
    )
