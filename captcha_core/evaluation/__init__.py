"""How well a model reads: figures, calibration and reports."""
