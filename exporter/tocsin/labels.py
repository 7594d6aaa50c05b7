"""The only place where external text becomes a label value.

A lone surrogate in one label value makes every later scrape fail, a bidi or zero-width character makes two series look
alike, an email address identifies a person, and a key in the wrong field is a secret. So every value passes ``clean``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from tocsin.call import UNKNOWN

MAX_LENGTH = 128
_LOOKED_AT = 512
"""Characters of a value that are checked and cached: a value may be as long as a line."""
_SAFE = re.compile(r"[\w./:@+\-*=,#()\[\] ]{1,128}", re.ASCII)
_AT = re.compile("\uff20|%40")
"""The at sign in East Asian texts and URLs."""
_EMAIL = re.compile(r"[^\s@/]{1,64}@[^\s@/]{1,190}\.[^\W\d_]{2,24}")
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|nvapi)-(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}|(?:sk-(?:or-v1-)?|dapi)[0-9a-f]{32,}"
    r"|sk-lf-[0-9a-f-]{36}|lsv2_(?:pt|sk)_[0-9a-f]{32}|ya29\.[\w-]{20,}"
    r"|(?:(?:gh[oprsu]|hf|gsk|r8|npm|[rs]k_live)_|(?:xai|pplx|csk)-)(?=[a-z]*[A-Z\d])[^\W_]{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}"
    r"|(?i:bearer)\s+(?=\S*\d)\S{8,}|-----BEGIN [A-Z ]*PRIVATE KEY)",
    re.ASCII,
)
"""Keys of OpenAI, Anthropic, DeepSeek, OpenRouter, LiteLLM, Langfuse, LangSmith, Databricks, Groq, Replicate, xAI,
Perplexity, Cerebras, NVIDIA, GitHub, GitLab, Slack, AWS, Google, Hugging Face, npm and Stripe; tokens, private keys."""
PRIVATE = "private"
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(value: str) -> str:
    """Return a bounded, printable label value: "unknown" if nothing is left of ``value``, "private" for a secret."""
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
    """Return whether the value contains an email address, which identifies a person, or a key: neither is a label."""
    start = value[:_LOOKED_AT]
    written = _AT.sub("@", start)  # one pattern with all signs would take 50 ms on a value full of them
    return ("@" in written and _EMAIL.search(written) is not None) or _KEY.search(start) is not None


@lru_cache(4096)
def escape(value: str) -> str:
    r"""Escape a label value for the text format: backslash, double quote and line feed."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def keyed_hash(value: str, key: bytes) -> str:
    """Return the 16 hex digits that represent an identity externally: keyed BLAKE2b, 64 bits."""
    raw = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=8, key=key[:64]).hexdigest()
