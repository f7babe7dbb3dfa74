"""A2Bench's own summary of a run: Consistency, Text, Quality, Motion, and the headline over them."""
