"""What the content of a call makes of its numbers: looked at, judged, joined with what is said of it later, counted."""
