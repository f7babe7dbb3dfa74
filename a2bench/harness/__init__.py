"""Plan, generate, score: one run is one system over one suite, in one folder that can be resumed at any moment."""
