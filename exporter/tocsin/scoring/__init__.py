"""Scoring of calls by their content: inspected, judged, joined with later feedback, counted."""
