"""The kinds of jobs, and the engine that keeps and runs them."""
