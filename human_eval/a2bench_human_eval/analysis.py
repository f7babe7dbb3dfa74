"""What do the votes of a study say? Ratings with intervals, ranks, agreement, checks.

One confirmatory question (the primary one of the study's rubric), its ranks with Holm's correction; the others are
exploratory. Everything that could not be computed is None with a reason.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from a2bench.statistics.alpha import alpha_interval, krippendorff_alpha, oriented_counts, rating_counts
from a2bench.statistics.clusters import clustered_mean
from a2bench.statistics.consistency import left_share, swap_consistency
from a2bench.statistics.covariance import covariance, elo_interval, rating_intervals, side_effect
from a2bench.statistics.estimates import LEVEL, Floats, StatisticsError
from a2bench.statistics.fragility import fragility
from a2bench.statistics.opinion import sos_parameter
from a2bench.statistics.paired import fit_davidson
from a2bench.statistics.ranks import rank_sets
from a2bench.statistics.resampling import pigeonhole_bootstrap
from a2bench.statistics.student import t_quantile
from a2bench.statistics.subject_model import fit_subject_model
from a2bench.statistics.votes import PairVotes
from a2bench_human_eval.protocol import CANNOT_JUDGE
from a2bench_human_eval.results import (
    SCHEMA,
    EloRow,
    MosRow,
    Number,
    PairAlpha,
    PairBoard,
    PairResults,
    RaterRow,
    RatingBoard,
    RatingResults,
    Ratings,
    StudyResults,
    Turn,
)
from a2bench_human_eval.rubric import Rubric
from a2bench_human_eval.votes_table import Table, pair_votes_of

DRAWS = 500


def analyse(table: Table, rubric: Rubric) -> StudyResults:
    """All results of a study.

    Args:
        table: of `votes_table`.
        rubric: of the study. Votes on a question that it does not have are shown too, without a text.
    """
    raters = rater_checks(table, rubric)
    votes = vote_counts(table)
    if rubric.protocol == "rating":
        ratings = _rating_boards(table, rubric)
        return RatingResults(
            schema_version=SCHEMA, protocol="rating", rubric=rubric, votes=votes, boards=ratings, raters=raters
        )
    pairs = _pair_boards(table, rubric, {row.rater: row.weight for row in raters})
    return PairResults(
        schema_version=SCHEMA, protocol="pairwise", rubric=rubric, votes=votes, boards=pairs, raters=raters
    )


def vote_counts(table: Table) -> dict[str, int]:
    """Answered ballots by purpose."""
    counts = table.drop_duplicates("ballot")["purpose"].value_counts()
    return {str(purpose): int(number) for purpose, number in sorted(counts.items())}


def dimensions(table: Table, rubric: Rubric) -> list[str]:
    """What a study asks, in the order of its rubric, then what else has votes that count."""
    voted = table[table["purpose"] == "rating"]["dimension"]
    return list(dict.fromkeys([*(question.id for question in rubric.questions), *map(str, voted)]))


def _pair_boards(table: Table, rubric: Rubric, weights: dict[str, float]) -> tuple[PairBoard, ...]:
    """One board for each question with votes that count, the primary one first."""
    scored = table[table["purpose"] == "rating"]
    boards = []
    for dimension in sorted(dimensions(table, rubric), key=lambda name: name != rubric.primary):
        rows = scored[scored["dimension"] == dimension]
        if rows.empty:
            continue
        votes = pair_votes_of(table, dimension)
        names = sorted(rows["rater"].unique())
        weighted = votes.with_weight(votes.weight * np.array([weights[names[r]] for r in votes.rater]))
        repeated = pair_votes_of(table, dimension, purposes=("rating", "swap"))
        boards.append(
            PairBoard(
                dimension=dimension,
                text=rubric.shown_text(dimension),
                confirmatory=dimension == rubric.primary,
                votes=len(votes),
                both_bad_share=votes.both_bad_share,
                left_share=Number.of(left_share(votes)),
                alpha=_pair_alpha(votes),
                wins=_rows(votes.wins()),
                ties=_rows(votes.ties()),
                names=tuple(votes.systems),
                **dict(_ratings(votes)),
                weighted=_ratings(weighted),
                swap_consistency=Number.of(swap_consistency(repeated).overall),
            )
        )
    return tuple(boards)


def _rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())


def _ratings(votes: PairVotes) -> Ratings:
    """Davidson ratings on the Elo scale with two-way clustered intervals, ranks, P(best), fragility."""
    try:
        fit = fit_davidson(votes)
        cov = covariance(fit, votes)
    except StatisticsError as error:
        return Ratings(systems=(), warnings=(), side_effect=None, fragility=None, reason=str(error))
    ranks = rank_sets(fit, cov)
    try:
        p_best: list[float] | None = pigeonhole_bootstrap(votes, fit, draws=DRAWS).p_best.tolist()
    except StatisticsError:
        p_best = None
    turn = fragility(votes, fit)
    systems = [
        EloRow(
            system=name,
            elo=Number.of(elo_interval(rating)),
            rank=ranks.rank[i] if ranks.rank else None,
            ranks=(ranks.best[i], ranks.worst[i]) if ranks.best and ranks.worst else None,
            p_best=p_best[i] if p_best else None,
            votes=int(((votes.left == i) | (votes.right == i)).sum()),
        )
        for i, (name, rating) in enumerate(zip(fit.systems, rating_intervals(fit, cov), strict=True))
    ]
    return Ratings(
        systems=tuple(sorted(systems, key=lambda row: -(row.elo.value or 0))),
        warnings=tuple(cov.warnings),
        side_effect=Number.of(side_effect(fit, cov)) if fit.side is not None else None,
        fragility=Turn(
            votes=turn.count,
            share=turn.share,
            leader=turn.leader,
            challenger=turn.challenger,
            reason=turn.reason,
        ),
        reason=ranks.reason,
    )


def _pair_alpha(votes: PairVotes) -> PairAlpha:
    """Krippendorff's alpha, nominal, over prompts and pairs; votes are turned to one order of each pair."""
    keys = np.stack([votes.prompt, np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)], axis=1)
    if not len(keys):
        return PairAlpha(value=None, reason="no votes")
    unique, unit = np.unique(keys, axis=0, return_inverse=True)
    counts = oriented_counts(unit.reshape(-1), votes.outcome, votes.left > votes.right)
    alpha = Number.of(alpha_interval(counts, clusters=unique[:, 0], draws=DRAWS))
    return PairAlpha(**dict(alpha), raw_agreement=krippendorff_alpha(counts).raw_agreement)


def _rating_boards(table: Table, rubric: Rubric) -> tuple[RatingBoard, ...]:
    """One board per question: subject-model quality of each system (ITU-T P.910), agreement, SOS."""
    scored = table[(table["purpose"] == "rating") & (table["answer"] != CANNOT_JUDGE)]
    return tuple(
        _rating_board(
            scored[scored["dimension"] == dimension],
            dimension=dimension,
            text=rubric.shown_text(dimension),
            confirmatory=dimension == rubric.primary,
        )
        for dimension in dimensions(table, rubric)
    )


def _rating_board(rows: Table, **question: Any) -> RatingBoard:
    if rows.empty:
        return RatingBoard(**question, votes=0, systems=(), reason="no ratings")
    numbers = rows.assign(value=rows["answer"].astype(float), clip=rows["case"] + "/" + rows["seed"].astype(str))
    matrix = numbers.pivot_table(index=["left", "clip"], columns="rater", values="value", aggfunc="mean")
    ratings = matrix.to_numpy(dtype=np.float64)
    counts, values = rating_counts(ratings)
    clusters = np.unique(matrix.index.get_level_values("clip"), return_inverse=True)[1]
    systems: list[MosRow] = []
    reason = None
    try:
        quality = fit_subject_model(ratings).values
    except StatisticsError as error:
        reason = str(error)
    else:
        names = matrix.index.get_level_values("left")
        systems = [
            MosRow(system=str(name), mos=_mean_over_cases(quality[names == name], matrix.index[names == name]))
            for name in sorted(set(names))
        ]
    return RatingBoard(
        **question,
        votes=len(rows),
        systems=tuple(sorted(systems, key=lambda row: -(row.mos.value or 0))),
        alpha=Number.of(alpha_interval(counts, values, "ordinal", clusters=clusters, draws=DRAWS)),
        sos=Number.of(sos_parameter(ratings)),
        reason=reason,
    )


def _mean_over_cases(quality: Floats, index: Iterable[tuple[str, str]]) -> Number:
    pairs = [(clip.rpartition("/")[0], float(q)) for (_, clip), q in zip(index, quality, strict=True) if q == q]
    mean, stderr = clustered_mean(pairs)
    cases = len({case for case, _ in pairs})
    if mean is None or stderr is None:
        return Number(value=mean, n=cases, reason="fewer than two cases: there is no interval")
    half = t_quantile(LEVEL, cases - 1) * stderr
    return Number(value=mean, low=mean - half, high=mean + half, stderr=stderr, n=cases)


def rater_checks(table: Table, rubric: Rubric) -> tuple[RaterRow, ...]:
    """One row per rater: ballots, checks passed, sides, median seconds, weight and flags.

    The weight multiplies the rater's votes in the ``weighted`` results: the share of passed checks, pulled towards 0.9
    with the strength of two checks, never zero. Nobody is deleted.
    """
    rows = []
    for rater, mine in table.groupby("rater", sort=True):
        ballots = mine.drop_duplicates("ballot")
        checks = ballots[ballots["passed"].notna() & (ballots["purpose"] != "training")]
        passed, asked = int(checks["passed"].astype(bool).sum()), len(checks)
        on_pairs = mine[(mine["purpose"] == "rating") & mine["right"].notna()]
        answers = on_pairs[on_pairs["dimension"] == rubric.primary]["answer"]
        row = RaterRow(
            rater=str(rater),
            ballots=int((ballots["purpose"] == "rating").sum()),
            checks=asked,
            passed=passed,
            median_seconds=_median(ballots["seconds"]),
            left_share=float((answers == "left").mean()) if len(answers) else None,
            tie_share=float((answers == "tie").mean()) if len(answers) else None,
            weight=(passed + 1.8) / (asked + 2),
            flags=(),
        )
        rows.append(row.model_copy(update={"flags": _flags(row)}))
    return tuple(rows)


def _flags(row: RaterRow) -> tuple[str, ...]:
    flags = []
    if row.checks >= 3 and row.passed / row.checks < 0.6:
        flags.append("fails checks")
    if row.median_seconds is not None and row.median_seconds < 4:
        flags.append("very fast")
    if row.ballots >= 10 and row.left_share is not None and not 0.1 <= row.left_share <= 0.85:
        flags.append("one side only")
    return tuple(flags)


def _median(values: Any) -> float | None:
    known = values.dropna()
    return float(known.median()) if len(known) else None
