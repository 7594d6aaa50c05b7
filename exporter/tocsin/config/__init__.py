"""The configuration: one YAML file, checked in full before anything starts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import yaml

from tocsin.config.checks import check
from tocsin.config.schema import (
    FOR_ALL_ROUTES,
    THRESHOLDS,
    Auth,
    Config,
    Declared,
    Detectors,
    Expect,
    Files,
    Ingest,
    Match,
    Probe,
    Route,
    Strict,
)
from tocsin.config.yamlfile import ConfigError, decode

__all__ = [
    "FOR_ALL_ROUTES", "THRESHOLDS", "Auth", "Config", "ConfigError", "Declared", "Detectors", "Expect", "Files",
    "Ingest", "Match", "Probe", "Route", "Strict", "load", "parse", "read_secrets", "show", "storage_path",
]  # fmt: skip


def load(path: str | Path | None) -> Config:
    """Read and check a configuration file; None gives the defaults.

    Raises:
        ConfigError: naming the file, the key and the fix.
    """
    if path is None:
        return Config()
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return parse(raw, Path(path).parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(raw: bytes, folder: Path | None = None) -> Config:
    """Parse and check a configuration; ``folder`` is that of its file.

    Raises:
        ConfigError: naming the key and the fix.
    """
    config = decode(raw, Config, folder)
    check(config)
    return config


def storage_path(argument: str | None, config: Config) -> Path:
    """Return the directory of state and spool: flag, file, then the XDG default."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(argument or config.storage.path or Path(home) / "tocsin")


def read_secrets(key: str, path: str) -> list[bytes]:
    """Return the secrets of a file, one per line; several allow rotation. ``key`` is the setting that names the file.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    try:
        lines = [line.rstrip(b"\r") for line in Path(path).read_bytes().split(b"\n")]
    except (OSError, ValueError) as error:
        file = f"{path}: " if "/" in path else ""  # otherwise it may be the secret itself, which must not be logged
        what = getattr(error, "strerror", None) or "no name of a file"
        raise ConfigError(f"{key}: {file}cannot be read: {what}; name a file that contains the secret") from None
    secrets = [line for line in lines if line.strip()]
    if not secrets:
        raise ConfigError(f"{key}: {path}: the secret file is empty")
    return secrets


def show(config: Config) -> str:
    """Return the effective configuration as YAML; secrets are in files, and credentials in probe URLs are masked."""
    tree = msgspec.to_builtins(config)
    for probe in tree["probes"]:
        probe["url"] = re.sub(r"(?<=//)[^/@]*(?=@)|(?<==)[^&#]+", "<secret>", probe["url"])
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
