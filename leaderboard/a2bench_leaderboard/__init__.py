"""The leaderboard: statistics, checks, pages."""
