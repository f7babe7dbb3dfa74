"""Human evaluation: studies, ballots, votes, agreement."""
