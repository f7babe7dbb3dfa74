"""Every interval, test, rank and agreement, each once."""
