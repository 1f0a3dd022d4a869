"""From the results of folds to tables: metrics, statistics, rendering. No model and no TensorFlow."""
