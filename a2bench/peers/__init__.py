"""The other suites: their totals from their own definitions, their published tables, their result files and videos.

What is read here was measured by somebody else. It can stand beside own runs, marked as reported, and is never mixed
with what was measured here.
"""
