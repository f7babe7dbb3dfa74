"""The read side: what the records of a run say."""
