import numpy as np
import pytest
from scipy.optimize import minimize

from a2bench.statistics.estimates import DisconnectedError, StatisticsError
from a2bench.statistics.paired import PairedFit, fit_bradley_terry, fit_davidson
from a2bench.statistics.plackett_luce import fit_plackett_luce
from a2bench.statistics.vote_simulation import Design, World, population_ratings, simulate_votes
from a2bench.statistics.votes import Outcome, PairVotes, pair_votes, votes_from_names


def votes_from_counts(systems: str | list[str], table: list[tuple[int, int, int, int]]) -> PairVotes:
    """Votes from ``(first, second, wins of first, wins of second)``, every vote its own prompt and rater."""
    rows = [(a, b, 0 if k < wins else 2) for a, b, wins, losses in table for k in range(wins + losses)]
    left, right, outcome = zip(*rows, strict=True)
    return pair_votes(list(systems), left, right, outcome, range(len(rows)), range(len(rows)))


WIKIPEDIA = votes_from_counts("ABCD", [(0, 1, 2, 3), (0, 3, 1, 4), (1, 2, 5, 3), (2, 3, 1, 3)])
CHOIX_8 = [
    (7, 3), (2, 0), (5, 2), (4, 2), (2, 1), (4, 5), (6, 3), (5, 4), (7, 0), (2, 3),
    (4, 0), (0, 4), (6, 5), (3, 2), (3, 4), (3, 4), (5, 2), (7, 3), (7, 6), (6, 5),
]  # fmt: skip


def simulated(nu: float = 0.7, side: float = 0.25, seed: int = 5) -> PairVotes:
    world = World((0.8, 0.3, -0.2, -0.9), prompt_sd=0.3, rater_sd=0.2, side=side, nu=nu)
    return simulate_votes(world, Design(prompts=15, raters=8, votes_per_pair=2), np.random.default_rng(seed))


def test_oracle_1_bradley_terry_of_the_wikipedia_example() -> None:
    """Wikipedia, "Bradley-Terry model", worked example (also arena-rank tests/test_bradley_terry.py)."""
    ratings = fit_bradley_terry(WIKIPEDIA).ratings
    assert np.exp(ratings) == pytest.approx([0.63983, 1.04331, 0.65981, 2.27038], abs=1e-5)
    assert ratings == pytest.approx([-0.44655, 0.04240, -0.41580, 0.81995], abs=1e-5)


def test_oracle_3_citations_between_statistics_journals() -> None:
    """R BradleyTerry2 vignette: Stigler's citation counts; ratings against Biometrika, standard errors, deviance."""
    table = [(0, 1, 730, 33), (0, 2, 498, 320), (0, 3, 221, 284), (1, 2, 68, 813), (1, 3, 17, 276), (2, 3, 142, 325)]
    votes = votes_from_counts(["Biometrika", "Comm. Statist.", "JASA", "JRSS-B"], table)
    fit = fit_bradley_terry(votes)
    assert fit.ratings[1:] - fit.ratings[0] == pytest.approx([-2.94907, -0.47957, 0.26895], abs=1e-5)
    errors = [np.sqrt(fit.contrast(k, 0) @ fit.bread @ fit.contrast(k, 0)) for k in (1, 2, 3)]
    assert errors == pytest.approx([0.10255, 0.06059, 0.07083], abs=1e-5)
    saturated = sum(w * np.log(w / (w + x)) + x * np.log(x / (w + x)) for _, _, w, x in table)
    assert 2 * (saturated - fit.log_likelihood) == pytest.approx(4.2934, abs=1e-4)


@pytest.mark.parametrize(
    ("wins", "expected"),
    [
        ([(0, 1), (1, 2), (2, 0)], [0, 0, 0]),
        ([(0, 1), (0, 1), (1, 2), (2, 0)], [0.419617624, -0.419617624, 0]),
    ],
)
def test_oracles_4_and_5_cycles_of_three(wins: list[tuple[int, int]], expected: list[float]) -> None:
    """Tests of choix: tests/data/testcase-pairwise-1.json and -2.json at 7494ad3."""
    fit = fit_bradley_terry(votes_from_counts("abc", [(a, b, 1, 0) for a, b in wins]))
    assert fit.ratings == pytest.approx(expected, abs=1e-8)
    assert fit_plackett_luce(3, wins) == pytest.approx(expected, abs=1e-8)


def test_oracle_6_plackett_luce_of_partial_rankings() -> None:
    """choix tests/data/testcase-rankings-2.json at 7494ad3, which was stored before convergence.

    choix 0.4.1 itself with tol 1e-13 gives the second vector.
    """
    ratings = fit_plackett_luce(4, [[0, 1, 2], [3, 2, 0], [1, 3]])
    assert ratings == pytest.approx([-0.44328117, 0.69506219, -0.67061442, 0.4188334], abs=5e-5)
    assert ratings == pytest.approx([-0.44330849, 0.69506786, -0.67060957, 0.41885019], abs=2e-8)


def test_oracle_7_bradley_terry_with_a_ridge() -> None:
    """choix tests/test_opt.py at 7494ad3; its penalty 0.5 * sum(t**2) is a ridge of 1."""
    expected = [-0.51974039, -0.46280878, -0.31376862, -0.06854694, -0.3185146, -0.00346107, 0.63032783, 1.05651257]
    fit = fit_bradley_terry(votes_from_counts("abcdefgh", [(a, b, 1, 0) for a, b in CHOIX_8]), ridge=1.0)
    assert fit.ratings == pytest.approx(expected, abs=1e-6)
    assert fit_plackett_luce(8, CHOIX_8, ridge=1.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "davidson", "half"),
    [
        (
            "simple",
            [0.017973592758248474, 0.4802400245305803, 0.4814190342801864, 12.805770244756038, 13.03674474236858],
            [0.050799672530389396, 0.1311506914535368, 0.13168568070110523, 0.33688868041573855, 0.34947527489923],
        ),
        (
            "food",
            [0.8296600883232509, 0.7101537820870093, 0.536812511441843, 1.0906271591531849, 2.6652107229187254],
            [0.14797665121689418, 0.1281534106031957, 0.09897982556928168, 0.19060028489839073, 0.43428982771223773],
        ),
    ],
)
def test_oracle_8_battles_with_ties(battles: object, name: str, davidson: list[float], half: list[float]) -> None:
    """evalica simple-golden.csv and food-golden.csv at 2ebe79e: "newman" and "bradley_terry" (ties as half).

    Their iterations stop at 1e-6, hence the tolerance. Elo, eigenvector and PageRank scores are not computed here: Elo
    depends on the order of votes, and none of the three is the estimate of a model with an error.
    """
    systems, left, right, outcome = battles(name)  # type: ignore[operator]
    votes = pair_votes(systems, left, right, outcome, range(len(left)), range(len(left)))
    for fit, expected in ((fit_davidson(votes, side_effect=False), davidson), (fit_bradley_terry(votes), half)):
        logs = np.log(expected)
        assert fit.ratings == pytest.approx(logs - logs.mean(), abs=1e-4)


def test_oracle_9_davidson_equals_newman(libraries: dict[str, dict[str, list[float]]]) -> None:
    """evalica 0.4.2 on 600 simulated votes of four systems: identical centred logs, v = nu / 2."""
    known = libraries["newman"]
    everyone = range(len(known["left"]))
    votes = pair_votes("abcd", known["left"], known["right"], known["outcome"], everyone, everyone)
    fit = fit_davidson(votes, side_effect=False)
    assert fit.ratings == pytest.approx(known["log_scores"], abs=1e-9)
    assert fit.nu == pytest.approx(known["nu"], abs=1e-9)
    assert fit_bradley_terry(votes).ratings == pytest.approx(known["ties_as_half"], abs=1e-9)


def test_side_effect_equals_the_constant_of_a_binomial_regression(libraries: dict[str, dict[str, list[float]]]) -> None:
    known = libraries["glm_order"]
    outcome = [0 if won else 2 for won in known["left_wins"]]
    votes = pair_votes("abcd", known["left"], known["right"], outcome, known["prompt"], known["rater"])
    for fit in (fit_bradley_terry(votes, side_effect=True), fit_davidson(votes, side_effect=True)):
        assert [*(fit.ratings[1:] - fit.ratings[0]), fit.side] == pytest.approx(known["params"], abs=1e-9)
        assert fit.log_likelihood == pytest.approx(known["llf"], abs=1e-9)


def test_plackett_luce_equals_choix(libraries: dict[str, dict[str, list[float]]]) -> None:
    known = libraries["plackett_luce"]
    assert fit_plackett_luce(4, known["rankings"]) == pytest.approx(known["params"], abs=1e-6)  # type: ignore[arg-type]


def test_davidson_with_a_side_effect_is_the_maximum_of_its_likelihood() -> None:
    """Against a direct, unstructured maximisation of the written-out model."""
    votes = simulated()

    def loss(x: np.ndarray) -> float:
        theta = np.append(x[:3], -x[:3].sum())
        gap = theta[votes.left] - theta[votes.right] + x[3]
        weights = np.stack([np.exp(gap / 2), np.full(len(gap), np.exp(x[4])), np.exp(-gap / 2)], axis=1)
        return -float(np.log(weights[np.arange(len(gap)), votes.outcome] / weights.sum(1)).sum())

    best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-7})
    fit = fit_davidson(votes)
    assert [*fit.ratings[:3], fit.side, np.log(fit.nu or 0)] == pytest.approx(best.x, abs=1e-4)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-8)
    assert np.abs(fit.scores.sum(0)).max() < 1e-8


def test_truth_comes_back_from_many_votes() -> None:
    world = World((0.8217, 0.3107, -0.2495, -0.8830), prompt_sd=0, rater_sd=0, side=0.25, nu=0.7)
    fit = fit_davidson(simulate_votes(world, Design(400, 10, 10), np.random.default_rng(0)))
    assert fit.ratings == pytest.approx(population_ratings(world), abs=0.05)
    assert population_ratings(world) == pytest.approx(world.ratings, abs=1e-4)
    assert fit.side == pytest.approx(0.25, abs=0.04)
    assert fit.nu == pytest.approx(0.7, abs=0.03)
    assert fit.tie_chance_between_equals == pytest.approx(0.7 / 2.7, abs=0.01)


def test_ties_as_half_shrink_the_scale_but_keep_the_order() -> None:
    votes = simulated()
    davidson, half = fit_davidson(votes, side_effect=False).ratings, fit_bradley_terry(votes).ratings
    assert np.array_equal(np.argsort(davidson), np.argsort(half))
    assert half / davidson == pytest.approx(np.full(4, 0.73), abs=0.04)


def test_swapping_all_sides_turns_the_side_effect_and_nothing_else() -> None:
    votes = simulated()
    one, two = fit_davidson(votes), fit_davidson(votes.with_sides_swapped())
    assert two.ratings == pytest.approx(one.ratings, abs=1e-9)
    assert two.side == pytest.approx(-(one.side or 0), abs=1e-9)
    assert two.nu == pytest.approx(one.nu, abs=1e-9)


def test_relabelling_systems_permutes_the_ratings() -> None:
    votes = simulated()
    order = np.array([2, 0, 3, 1])
    other = pair_votes("wxyz", order[votes.left], order[votes.right], votes.outcome, votes.prompt, votes.rater)
    assert fit_davidson(other).ratings[order] == pytest.approx(fit_davidson(votes).ratings, abs=1e-9)


def test_a_prompt_with_only_ties_leaves_the_order() -> None:
    votes = simulated()
    more = pair_votes(
        votes.systems,
        np.append(votes.left, [0, 1, 2, 3]),
        np.append(votes.right, [1, 2, 3, 0]),
        np.append(votes.outcome, [1] * 4),
        np.append(votes.prompt, [99] * 4),
        np.append(votes.rater, [0] * 4),
    )
    before, after = fit_davidson(votes).ratings, fit_davidson(more).ratings
    assert np.array_equal(np.argsort(before), np.argsort(after))


def test_both_bad_votes_are_reported_and_do_not_move_ratings() -> None:
    votes = simulated()
    outcome = votes.outcome.copy()
    outcome[::7] = Outcome.BOTH_BAD
    marked = pair_votes(votes.systems, votes.left, votes.right, outcome, votes.prompt, votes.rater)
    assert marked.both_bad_share == pytest.approx((outcome == 3).mean())
    fit, without = fit_davidson(marked), fit_davidson(marked.select(outcome != 3))
    assert fit.ratings == pytest.approx(without.ratings, abs=1e-12)
    assert not fit.scores[::7].any()


def test_a_weight_of_two_is_the_vote_cast_twice() -> None:
    votes = simulated()
    weight = np.where(np.arange(len(votes)) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(len(votes)), weight.astype(int))
    columns = [column[twice] for column in (votes.left, votes.right, votes.outcome, votes.prompt, votes.rater)]
    repeated = pair_votes(votes.systems, *columns)
    assert fit_davidson(votes.with_weight(weight)).ratings == pytest.approx(fit_davidson(repeated).ratings, abs=1e-9)


def test_systems_that_were_never_compared_are_listed() -> None:
    votes = votes_from_counts(["ant", "bee", "cat", "dog"], [(0, 1, 2, 2), (2, 3, 3, 1)])
    with pytest.raises(DisconnectedError, match=r"2 groups that nothing connects: ant, bee \| cat, dog") as error:
        fit_davidson(votes, side_effect=False)
    assert error.value.groups == [["ant", "bee"], ["cat", "dog"]]


def test_a_system_that_never_lost_is_finite_and_marked() -> None:
    fit = fit_davidson(votes_from_counts("abcd", [(0, 1, 9, 0), (0, 2, 8, 0), (1, 2, 4, 4), (1, 3, 6, 0)]))
    assert fit.unbounded == ("above", "between", "between", "below")
    assert fit.ridge > 0
    assert np.isfinite(fit.ratings).all()
    assert fit.ratings[0] == fit.ratings.max()
    assert fit.ratings[3] == fit.ratings.min()


def test_votes_that_always_go_left_leave_the_systems_finite() -> None:
    votes = pair_votes("ab", [0, 1] * 10, [1, 0] * 10, [0] * 20, range(20), range(20))
    fit = fit_davidson(votes, side_effect=True)
    assert fit.side is not None
    assert fit.side > 2
    assert fit.ratings == pytest.approx([0, 0], abs=1e-9)


def test_sides_that_never_changed_cannot_give_a_side_effect() -> None:
    votes = votes_from_counts("ab", [(0, 1, 6, 3)])
    with pytest.raises(StatisticsError, match="side effect cannot be told from the ratings"):
        fit_davidson(votes)
    assert fit_davidson(votes, side_effect=False).ratings[0] == pytest.approx(np.log(2) / 2)


@pytest.mark.parametrize(("outcome", "what"), [([1, 1], "all 2 votes are ties"), ([3, 3], "no vote that ranks")])
def test_votes_without_a_winner_are_refused_with_the_reason(outcome: list[int], what: str) -> None:
    with pytest.raises(StatisticsError, match=what):
        fit_davidson(pair_votes("ab", [0, 1], [1, 0], outcome, [0, 1], [0, 1]))


def test_malformed_votes_are_refused() -> None:
    with pytest.raises(StatisticsError, match="compares 'a' with itself"):
        pair_votes("ab", [0], [0], [0], [0], [0])
    with pytest.raises(StatisticsError, match="one length"):
        pair_votes("ab", [0], [1], [0, 1], [0], [0])
    with pytest.raises(StatisticsError, match="outcomes must be"):
        pair_votes("ab", [0], [1], [7], [0], [0])
    with pytest.raises(StatisticsError, match="name system 2"):
        pair_votes("ab", [0], [2], [0], [0], [0])
    with pytest.raises(StatisticsError, match="weights must be finite"):
        pair_votes("ab", [0], [1], [0], [0], [0], [-1.0])
    with pytest.raises(StatisticsError, match="names a system twice"):
        fit_plackett_luce(3, [[0, 1, 0]])
    with pytest.raises(StatisticsError, match="no finite maximum"):
        fit_plackett_luce(3, [[0, 1, 2]])


def test_names_become_indices_in_alphabetical_order() -> None:
    votes = votes_from_names([("b", "a", Outcome.LEFT, "p", "r"), ("c", "a", Outcome.TIE, "p", "s")])
    assert votes.systems == ("a", "b", "c")
    assert votes.wins()[1, 0] == 1
    assert votes.ties()[0, 2] == votes.ties()[2, 0] == 1


def test_elo_is_1000_plus_174_per_logit() -> None:
    fit: PairedFit = fit_bradley_terry(WIKIPEDIA)
    assert fit.elo - 1000 == pytest.approx(173.7178 * fit.ratings, rel=1e-6)
