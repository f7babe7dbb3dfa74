"""Runs the controls and judges the metrics by them."""
