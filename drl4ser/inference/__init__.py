"""Predictions for recordings: the predictor, windows, the console command, pictures."""
