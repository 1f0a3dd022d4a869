"""Training of one fold and of a grid of folds."""
