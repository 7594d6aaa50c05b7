"""The guard: verdicts before delivery through three APIs, and the check shared with ``tocsin check``."""
