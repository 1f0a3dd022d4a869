"""Speech emotion recognition after Li et al. (IJCAI 2019): LLDs, layers, systems, training and prediction."""

__version__ = "1.0.0"
