"""How good is each system, from votes on pairs? Bradley-Terry and Davidson, with or without a side effect.

With ratings t in logits, ``x = t[left] - t[right] + side`` and ``D = exp(x/2) + exp(-x/2) + nu``::

    P(left) = exp(x/2) / D      P(right) = exp(-x/2) / D      P(tie) = nu / D

``nu = 0`` is Bradley and Terry 1952 (Biometrika 39:324); ``nu > 0`` is Davidson 1970 (JASA 65:317) with tie
chance ``nu / (2 + nu)`` between equals. ``side`` is added to the logit of the left video, as in Davidson and Beaver
1977 (Biometrics 33:693), except that here it also enters the tie term, so that exchanging sides turns ``side`` round
and leaves the rest. The likelihood is concave in (t, side, log nu); Newton's method needs fewer than ten steps.
"""

from dataclasses import dataclass

import numpy as np

from a2bench.statistics.estimates import DisconnectedError, Floats, Ints, StatisticsError
from a2bench.statistics.votes import Outcome, PairVotes, compared_groups, unbounded_directions

SEPARATION_RIDGE = 0.1
"""Penalty when no finite maximum exists; 50 wins of 50 votes then give a difference of about 5 logits."""
ELO_PER_LOGIT = 400 / np.log(10)


@dataclass(frozen=True, eq=False)
class PairedFit:
    """A fitted model of pairwise votes.

    systems: names, K of them.
    ratings: ``[K]`` logits, sum 0.
    side: logits in favour of the left video, None when it was not asked for.
    nu: Davidson's tie parameter, >= 0; None when ties were counted as half a win each way.
    log_likelihood: at the estimate, without the penalty.
    scores: ``[V, P]`` gradient of each weighted vote; P is K ratings, then side, then log nu, where present.
        Votes that say nothing about order (both bad) have zeros.
    information: ``[P, P]`` negative Hessian without the penalty.
    bread: ``[P, P]`` generalised inverse of (information + penalty) in the gauge of sum 0.
    ridge: the penalty that was used; 0 for maximum likelihood.
    unbounded: for each system "above", "below", "between" or None, see `unbounded_directions`.
    """

    systems: tuple[str, ...]
    ratings: Floats
    side: float | None
    nu: float | None
    log_likelihood: float
    scores: Floats
    information: Floats
    bread: Floats
    ridge: float
    unbounded: tuple[str | None, ...]

    @property
    def elo(self) -> Floats:
        """``[K]`` ratings as ``1000 + 400 / ln(10) * t``."""
        return np.asarray(1000 + ELO_PER_LOGIT * self.ratings)

    @property
    def tie_chance_between_equals(self) -> float | None:
        """``nu / (2 + nu)``, None where ties were not modelled."""
        return None if self.nu is None else self.nu / (2 + self.nu)

    def contrast(self, plus: int, minus: int | None = None) -> Floats:
        """``[P]`` weights of one rating, or of the difference of two."""
        weights = np.zeros(len(self.information))
        weights[plus] = 1
        if minus is not None:
            weights[minus] = -1
        return weights


def fit_davidson(votes: PairVotes, *, side_effect: bool = True, ridge: float = 0.0) -> PairedFit:
    """Fit Davidson's model, in which a tie is an outcome of its own: the default for rankings.

    Without any tie this is Bradley-Terry with nu = 0. Both-bad votes are left out; report `PairVotes.both_bad_share`.

    Args:
        votes: at least one win; all systems connected by comparisons.
        side_effect: also estimate the advantage of the left side.
        ridge: penalty ``ridge / 2 * (sum(t**2) + side**2)``. With 0, `SEPARATION_RIDGE` is used where no finite maximum
            exists, and the systems concerned are marked in ``unbounded``.

    Raises:
        DisconnectedError: nothing compares some systems with the others.
        StatisticsError: there is no vote with a winner.
    """
    return _fit(votes, ties=bool(np.any(votes.outcome[votes.ranked] == Outcome.TIE)), side=side_effect, ridge=ridge)


def fit_bradley_terry(votes: PairVotes, *, side_effect: bool = False, ridge: float = 0.0) -> PairedFit:
    """Fit Bradley-Terry; a tie counts as half a win each way, as in arenas.

    With ties this is a quasi-likelihood for the expected score and shrinks the scale (to about 0.73 of Davidson's
    ratings for nu = 0.7); order is kept. Arguments and errors as for `fit_davidson`.
    """
    return _fit(votes, ties=False, side=side_effect, ridge=ridge, ties_as_half=True)


def fit_parameters(cells: Floats, size: int, *, ties: bool, side: bool, ridge: float) -> Floats:
    """Parameters ``[P]`` from weighted counts of votes, for refitting many times.

    Args:
        cells: ``[K * K * 3]`` weight of each (left, right, outcome), see `vote_cells`.
        size: K.
        ties: model ties (Davidson) instead of counting them as half.
        side: estimate the side effect.
        ridge: penalty on ratings, see `fit_davidson`; with 0 the caller knows that a maximum exists.

    Raises:
        StatisticsError: no finite maximum was found.
    """
    number = np.flatnonzero(cells)
    weight = cells[number]
    left, right, outcome = number // (3 * size), number // 3 % size, number % 3
    design = design_matrix(left, right, size, side=side, ties=ties)
    penalty, gauge = _penalty(size, design.shape[1], ridge, side=side), _gauge(size, design.shape[1])
    parameters = np.zeros(design.shape[1])
    current = _likelihood(parameters, design, outcome, weight, ties) - 0.5 * parameters @ (penalty * parameters)
    for _ in range(100):
        gradient, information = _derivatives(parameters, design, outcome, weight, ties)
        gradient = gradient - penalty * parameters
        try:
            step = np.linalg.solve(information + np.diag(penalty) + gauge, gradient)
        except np.linalg.LinAlgError:
            break
        scale = 1.0
        while True:
            moved = parameters + scale * step
            value = _likelihood(moved, design, outcome, weight, ties) - 0.5 * moved @ (penalty * moved)
            if value >= current - 1e-12 * abs(current) or scale < 1e-8:
                break
            scale /= 2
        parameters, current = moved, value
        if np.abs(parameters).max() > 30:
            break
        if np.abs(scale * step).max() < 1e-9:
            curvature = np.linalg.eigvalsh(information + np.diag(penalty) + gauge)
            if curvature[0] < 1e-10 * curvature[-1]:
                break  # The likelihood is flat to the last digit: the maximum is at infinity.
            return parameters
    raise StatisticsError("no finite maximum: the votes separate the systems or the sides perfectly")


def vote_cells(votes: PairVotes, weight: Floats) -> Floats:
    """``[K * K * 3]`` sum of ``weight`` (``[V]``) per cell (left, right, outcome); both bad must weigh nothing."""
    size = len(votes.systems)
    cell = (votes.left * size + votes.right) * 3 + np.minimum(votes.outcome, Outcome.RIGHT)
    return np.bincount(cell, weight, minlength=3 * size * size).astype(np.float64)


def design_matrix(left: Ints, right: Ints, size: int, *, side: bool, ties: bool) -> Floats:
    """``[V, P]`` derivative of x by the parameters; the column of log nu is zero, it does not enter x."""
    rows = np.arange(len(left))
    design = np.zeros((len(left), size + side + ties))
    design[rows, left] = 1
    design[rows, right] = -1
    if side:
        design[:, size] = 1
    return design


def _fit(votes: PairVotes, *, ties: bool, side: bool, ridge: float, ties_as_half: bool = False) -> PairedFit:
    ranked = votes.select(votes.ranked)
    if not np.any(ranked.outcome != Outcome.TIE):
        what = f"all {len(ranked)} votes are ties" if len(ranked) else "there is no vote that ranks two videos"
        raise StatisticsError(f"ratings cannot be estimated: {what}")
    groups = compared_groups(ranked)
    if len(groups) > 1:
        raise DisconnectedError("systems", [[votes.systems[i] for i in group] for group in groups])
    size = len(votes.systems)
    design = design_matrix(ranked.left, ranked.right, size, side=side, ties=False)
    if side and np.linalg.matrix_rank(design.T @ design) < size:
        raise StatisticsError(
            "the side effect cannot be told from the ratings, because the systems kept their sides; "
            "fit with side_effect=False and show the sides at random next time"
        )
    unbounded = unbounded_directions(ranked)
    if not ridge and any(unbounded):
        ridge = SEPARATION_RIDGE
    cells = vote_cells(ranked, ranked.weight)
    try:
        parameters = fit_parameters(cells, size, ties=ties, side=side, ridge=ridge)
    except StatisticsError:
        # The sides decide every vote, though the systems do not: only the side effect runs away.
        ridge = ridge or SEPARATION_RIDGE
        parameters = fit_parameters(cells, size, ties=ties, side=side, ridge=ridge)
    design = design_matrix(ranked.left, ranked.right, size, side=side, ties=ties)
    scores = np.zeros((len(votes), design.shape[1]))
    scores[votes.ranked] = _vote_scores(parameters, design, ranked.outcome, ranked.weight, ties)
    _, information = _derivatives(parameters, design, ranked.outcome, ranked.weight, ties)
    penalty, gauge = _penalty(size, len(parameters), ridge, side=side), _gauge(size, len(parameters))
    # The gauge matrix projects onto the direction that votes cannot see; taken out again, this is the pseudo-inverse.
    unseen = np.linalg.inv(information + np.diag(penalty) + gauge) - gauge / (1 + ridge)
    return PairedFit(
        systems=votes.systems,
        ratings=parameters[:size],
        side=float(parameters[size]) if side else None,
        nu=None if ties_as_half else float(np.exp(parameters[-1])) if ties else 0.0,
        log_likelihood=_likelihood(parameters, design, ranked.outcome, ranked.weight, ties),
        scores=scores,
        information=information,
        bread=np.asarray((unseen + unseen.T) / 2),
        ridge=ridge,
        unbounded=unbounded,
    )


def _log_terms(parameters: Floats, design: Floats, ties: bool) -> Floats:
    """``[V, 3]`` log of the chances of left, tie, right; without ties the middle one is minus infinity."""
    half = design @ parameters / 2
    middle = np.full_like(half, parameters[-1] if ties else -np.inf)
    terms = np.stack([half, middle, -half], axis=1)
    return np.asarray(terms - np.logaddexp(np.logaddexp(half, -half), middle)[:, None])


def _likelihood(parameters: Floats, design: Floats, outcome: Ints, weight: Floats, ties: bool) -> float:
    terms = _log_terms(parameters, design, ties)
    if not ties:
        terms[:, 1] = (terms[:, 0] + terms[:, 2]) / 2
    return float(weight @ terms[np.arange(len(outcome)), outcome])


def _vote_scores(parameters: Floats, design: Floats, outcome: Ints, weight: Floats, ties: bool) -> Floats:
    chance = np.exp(_log_terms(parameters, design, ties))
    direction = np.array([0.5, 0.0, -0.5])[outcome] - (chance[:, 0] - chance[:, 2]) / 2
    scores = design * (weight * direction)[:, None]
    if ties:
        scores[:, -1] = weight * ((outcome == Outcome.TIE) - chance[:, 1])
    return np.asarray(scores)


def _derivatives(
    parameters: Floats, design: Floats, outcome: Ints, weight: Floats, ties: bool
) -> tuple[Floats, Floats]:
    chance = np.exp(_log_terms(parameters, design, ties))
    mean = (chance[:, 0] - chance[:, 2]) / 2
    spread = (chance[:, 0] + chance[:, 2]) / 4 - mean**2
    information = design.T @ (design * (weight * spread)[:, None])
    if ties:
        information[-1] = information[:, -1] = -design.T @ (weight * mean * chance[:, 1])
        information[-1, -1] = weight @ (chance[:, 1] * (1 - chance[:, 1]))
    return _vote_scores(parameters, design, outcome, weight, ties).sum(0), np.asarray(information)


def _penalty(size: int, parameters: int, ridge: float, *, side: bool) -> Floats:
    penalty = np.zeros(parameters)
    penalty[: size + side] = ridge
    return penalty


def _gauge(size: int, parameters: int) -> Floats:
    gauge = np.zeros((parameters, parameters))
    gauge[:size, :size] = 1 / size
    return gauge
