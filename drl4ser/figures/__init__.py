"""Figures, drawn with NumPy and matplotlib only."""
