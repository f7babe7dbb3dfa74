"""What ``import a2bench`` gives: the few functions and classes that a script or a notebook needs."""
