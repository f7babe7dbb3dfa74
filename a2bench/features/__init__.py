"""What metrics share: computed once for a video, kept on disk."""
