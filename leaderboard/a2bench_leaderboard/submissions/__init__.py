"""Submissions: a run packed to be sent to a leaderboard, checked where it arrives, and logged there for good."""
