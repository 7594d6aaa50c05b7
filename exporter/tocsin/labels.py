"""The one place where text from outside becomes a label value.

A lone surrogate in one label value makes every later scrape fail, a bidi or zero-width character
makes two series look alike, an e-mail address is a person, and a key in the wrong field is a secret. So every value
passes ``clean``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from tocsin.call import UNKNOWN

MAX_LENGTH = 128
_LOOKED_AT = 512
"""Characters of a value that are looked at, and kept to be known again: one may be as long as a line."""
_SAFE = re.compile(r"[\w./:@+\-*=,#()\[\] ]{1,128}", re.ASCII)
_AT = ("@", "\uff20", "%40")
"""How an address is written: in East Asian texts and in URLs too."""
_EMAIL = re.compile(rf"[^\s@/]{{1,64}}(?:{'|'.join(_AT)})[^\s@/]{{1,190}}\.[^\W\d_]{{2,24}}")
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}|(?:sk-(?:or-v1-)?|dapi)[0-9a-f]{32,}"
    r"|(?:gh[oprsu]|hf|gsk|r8|npm|[rs]k_live)_[^\W_]{20,}|(?:xai|pplx|csk)-[^\W_]{20,}|nvapi-[\w-]{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}"
    r"|(?i:bearer)\s+(?=\S*\d)\S{8,}|-----BEGIN [A-Z ]*PRIVATE KEY)",
    re.ASCII,
)
"""Keys of OpenAI, Anthropic, DeepSeek, OpenRouter, LiteLLM, Databricks, Groq, Replicate, xAI, Perplexity, Cerebras and
NVIDIA, GitHub, GitLab, Slack, AWS, Google, Hugging Face, npm and Stripe; tokens, private keys."""
PRIVATE = "private"
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(value: str) -> str:
    """Return ``value`` as a bounded, printable label value: "unknown" when nothing is left, "private" for a secret."""
    return _clean(value[:_LOOKED_AT])


@lru_cache(4096)
def _clean(value: str) -> str:
    if is_private(value):
        return PRIVATE
    if _SAFE.fullmatch(value):
        return value.strip() or UNKNOWN
    kept = "".join(
        "_" if unicodedata.category(char) in _HIDDEN_CATEGORIES else char for char in value[:MAX_LENGTH]
    )
    return kept.strip() or UNKNOWN


def is_private(value: str) -> bool:
    """Tell whether the value holds an e-mail address, which is an identity, or a key: neither is a label."""
    start = value[:_LOOKED_AT]
    has_at = any(at in start for at in _AT)
    return (has_at and _EMAIL.search(start) is not None) or _KEY.search(start) is not None


@lru_cache(4096)
def escape(value: str) -> str:
    r"""Escape a label value for the text format: backslash, double quote and line feed."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def keyed_hash(value: str, key: bytes) -> str:
    """Return the 16 hex digits by which an identity is known outside: keyed BLAKE2b, 64 bits."""
    raw = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=8, key=key[:64]).hexdigest()
