"""Ground floor: what any program needs and what knows nothing of videos."""
