"""`Predictor` under its public name; see `drl4ser.inference.predictor`."""

from drl4ser.inference.predictor import Predictor

__all__ = ["Predictor"]
