"""The directory of a run: paths and state, checkpoints, and the trained system in it."""
