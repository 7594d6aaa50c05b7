"""Tocsin pages people when their LLM fails with HTTP 200."""

__version__ = "0.1.0"
