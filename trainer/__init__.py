"""genretag-train: makes the model files that genretag runs."""
