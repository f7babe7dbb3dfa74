"""What do the votes of a study say? Ratings with intervals, ranks, agreement, checks; JSON values only.

One confirmatory question (overall), its ranks with Holm's correction; the others are exploratory. Everything that could
not be computed is None with a reason.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from a2bench.statistics.alpha import alpha_interval, krippendorff_alpha, oriented_counts, rating_counts
from a2bench.statistics.clusters import clustered_mean
from a2bench.statistics.consistency import left_share, swap_consistency
from a2bench.statistics.covariance import covariance, elo_interval, rating_intervals, side_effect
from a2bench.statistics.estimates import LEVEL, Estimate, Floats, StatisticsError
from a2bench.statistics.fragility import fragility
from a2bench.statistics.opinion import sos_parameter
from a2bench.statistics.paired import fit_davidson
from a2bench.statistics.ranks import rank_sets
from a2bench.statistics.resampling import pigeonhole_bootstrap
from a2bench.statistics.student import t_quantile
from a2bench.statistics.subject_model import fit_subject_model
from a2bench.statistics.votes import PairVotes
from a2bench_human_eval.protocol import CANNOT_JUDGE, CRITERIA, OVERALL, Protocol
from a2bench_human_eval.votes_table import Table, pair_votes_of

DRAWS = 500


def analyse(table: Table, protocol: Protocol) -> dict[str, Any]:
    """All results of a study.

    Args:
        table: of `votes_table`.
        protocol: of the study.
    """
    raters = rater_checks(table)
    weights = {row["rater"]: row["weight"] for row in raters}
    boards = _pair_boards(table, weights) if protocol == "pairwise" else _rating_boards(table)
    return {"protocol": protocol, "votes": vote_counts(table), "boards": boards, "raters": raters}


def vote_counts(table: Table) -> dict[str, int]:
    """Answered ballots by purpose."""
    counts = table.drop_duplicates("ballot")["purpose"].value_counts()
    return {str(purpose): int(number) for purpose, number in sorted(counts.items())}


def _pair_boards(table: Table, weights: dict[str, float]) -> list[dict[str, Any]]:
    scored = table[table["purpose"] == "rating"]
    dimensions = list(dict.fromkeys(scored["dimension"]))
    boards = []
    for dimension in sorted(dimensions, key=lambda name: name != OVERALL):
        votes = pair_votes_of(table, dimension)
        board = {"dimension": dimension, "confirmatory": dimension == OVERALL, **_pair_board(votes)}
        names = sorted(scored[scored["dimension"] == dimension]["rater"].unique())
        weighted = votes.with_weight(votes.weight * np.array([weights[names[r]] for r in votes.rater]))
        board["weighted"] = _ratings(weighted)
        board["swap_consistency"] = _estimate(swap_consistency(_with_repeats(table, dimension)).overall)
        boards.append(board)
    return boards


def _with_repeats(table: Table, dimension: str) -> PairVotes:
    return pair_votes_of(table, dimension, purposes=("rating", "swap"))


def _pair_board(votes: PairVotes) -> dict[str, Any]:
    board: dict[str, Any] = {
        "votes": len(votes),
        "both_bad_share": votes.both_bad_share,
        "left_share": _estimate(left_share(votes)),
        "alpha": _pair_alpha(votes),
        "wins": votes.wins().tolist(),
        "ties": votes.ties().tolist(),
        "names": list(votes.systems),
        **_ratings(votes),
    }
    return board


def _ratings(votes: PairVotes) -> dict[str, Any]:
    """Davidson ratings on the Elo scale with two-way clustered intervals, ranks, P(best), fragility."""
    empty: dict[str, Any] = {"systems": [], "warnings": [], "side_effect": None, "fragility": None}
    try:
        fit = fit_davidson(votes)
        cov = covariance(fit, votes)
    except StatisticsError as error:
        return empty | {"reason": str(error)}
    ranks = rank_sets(fit, cov)
    try:
        p_best: list[float] | None = pigeonhole_bootstrap(votes, fit, draws=DRAWS).p_best.tolist()
    except StatisticsError:
        p_best = None
    turn = fragility(votes, fit)
    systems: list[dict[str, Any]] = [
        {
            "system": name,
            "elo": _estimate(elo_interval(rating)),
            "rank": ranks.rank[i] if ranks.rank else None,
            "ranks": [ranks.best[i], ranks.worst[i]] if ranks.best and ranks.worst else None,
            "p_best": p_best[i] if p_best else None,
            "votes": int(((votes.left == i) | (votes.right == i)).sum()),
        }
        for i, (name, rating) in enumerate(zip(fit.systems, rating_intervals(fit, cov), strict=True))
    ]
    systems.sort(key=lambda row: -row["elo"]["value"])
    return {
        "systems": systems,
        "warnings": list(cov.warnings),
        "side_effect": _estimate(side_effect(fit, cov)) if fit.side is not None else None,
        "fragility": {
            "votes": turn.count,
            "share": turn.share,
            "leader": turn.leader,
            "challenger": turn.challenger,
            "reason": turn.reason,
        },
        "reason": ranks.reason,
    }


def _pair_alpha(votes: PairVotes) -> dict[str, Any]:
    """Krippendorff's alpha, nominal, over prompts and pairs; votes are turned to one order of each pair."""
    keys = np.stack([votes.prompt, np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)], axis=1)
    if not len(keys):
        return _estimate(Estimate(None, reason="no votes")) | {"raw_agreement": None}
    unique, unit = np.unique(keys, axis=0, return_inverse=True)
    counts = oriented_counts(unit.reshape(-1), votes.outcome, votes.left > votes.right)
    return _estimate(alpha_interval(counts, clusters=unique[:, 0], draws=DRAWS)) | {
        "raw_agreement": krippendorff_alpha(counts).raw_agreement
    }


def _rating_boards(table: Table) -> list[dict[str, Any]]:
    """One board per criterion: subject-model quality of each system (ITU-T P.910), agreement, SOS."""
    scored = table[(table["purpose"] == "rating") & (table["answer"] != CANNOT_JUDGE)]
    boards = []
    for criterion in CRITERIA:
        rows = scored[scored["question"] == criterion.id]
        boards.append({"dimension": criterion.id, "confirmatory": criterion.id == "instruction_following"})
        boards[-1] |= _rating_board(rows)
    return boards


def _rating_board(rows: Table) -> dict[str, Any]:
    if rows.empty:
        return {"votes": 0, "systems": [], "reason": "no ratings"}
    numbers = rows.assign(value=rows["answer"].astype(float), clip=rows["case"] + "/" + rows["seed"].astype(str))
    matrix = numbers.pivot_table(index=["left", "clip"], columns="rater", values="value", aggfunc="mean")
    ratings = matrix.to_numpy(dtype=np.float64)
    counts, values = rating_counts(ratings)
    clusters = np.unique(matrix.index.get_level_values("clip"), return_inverse=True)[1]
    board: dict[str, Any] = {
        "votes": len(rows),
        "alpha": _estimate(alpha_interval(counts, values, "ordinal", clusters=clusters, draws=DRAWS)),
        "sos": _estimate(sos_parameter(ratings)),
        "reason": None,
    }
    try:
        quality = fit_subject_model(ratings).values
    except StatisticsError as error:
        return board | {"systems": [], "reason": str(error)}
    names = matrix.index.get_level_values("left")
    systems: list[dict[str, Any]] = [
        {"system": str(name), "mos": _mean_over_cases(quality[names == name], matrix.index[names == name])}
        for name in sorted(set(names))
    ]
    systems.sort(key=lambda row: -(row["mos"]["value"] or 0))
    return board | {"systems": systems}


def _mean_over_cases(quality: Floats, index: Iterable[tuple[str, str]]) -> dict[str, Any]:
    pairs = [(clip.rpartition("/")[0], float(q)) for (_, clip), q in zip(index, quality, strict=True) if q == q]
    mean, stderr = clustered_mean(pairs)
    cases = len({case for case, _ in pairs})
    if mean is None or stderr is None:
        return _estimate(Estimate(mean, n=cases, reason="fewer than two cases: there is no interval"))
    half = t_quantile(LEVEL, cases - 1) * stderr
    return _estimate(Estimate(mean, mean - half, mean + half, stderr, cases))


def rater_checks(table: Table) -> list[dict[str, Any]]:
    """One row per rater: ballots, checks passed, agreement with the others, median seconds, weight and flags.

    The weight multiplies the rater's votes in the ``weighted`` results: the share of passed checks, pulled towards 0.9
    with the strength of two checks, never zero. Nobody is deleted.
    """
    rows = []
    for rater, mine in table.groupby("rater", sort=True):
        ballots = mine.drop_duplicates("ballot")
        checks = ballots[ballots["passed"].notna() & (ballots["purpose"] != "training")]
        passed, asked = int(checks["passed"].astype(bool).sum()), len(checks)
        scored = mine[mine["purpose"] == "rating"]
        overall = scored[scored["question"] == OVERALL]["answer"]
        row: dict[str, Any] = {
            "rater": str(rater),
            "ballots": int((ballots["purpose"] == "rating").sum()),
            "checks": asked,
            "passed": passed,
            "median_seconds": _median(ballots["seconds"]),
            "left_share": float((overall == "left").mean()) if len(overall) else None,
            "tie_share": float((overall == "tie").mean()) if len(overall) else None,
            "weight": (passed + 1.8) / (asked + 2),
        }
        rows.append(row | {"flags": _flags(row)})
    return rows


def _flags(row: dict[str, Any]) -> list[str]:
    flags = []
    if row["checks"] >= 3 and row["passed"] / row["checks"] < 0.6:
        flags.append("fails checks")
    if row["median_seconds"] is not None and row["median_seconds"] < 4:
        flags.append("very fast")
    if row["ballots"] >= 10 and row["left_share"] is not None and not 0.1 <= row["left_share"] <= 0.85:
        flags.append("one side only")
    return flags


def _median(values: Any) -> float | None:
    known = values.dropna()
    return float(known.median()) if len(known) else None


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return asdict(estimate)
