"""The benchmark: synthetic inputs → measurements as ratios within one run, with their targets."""
