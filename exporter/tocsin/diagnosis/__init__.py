"""Diagnosis of missing data: what ``tocsin config check`` finds besides configuration errors."""
