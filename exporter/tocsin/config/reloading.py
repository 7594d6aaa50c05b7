"""Which changes of the configuration a reload applies, and which need a restart."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from tocsin.config.schema import Config

AT_A_RESTART: Final = {
    "": ("storage", "ingest", "extra_labels", "consumers", "series"),
    "limits": ("max_line_bytes",),
    "detectors": ("detoxify", "sample_slow"),
}
"""Settings, by section, that a reload does not change."""


def while_running(before: Config, wanted: Config) -> Config:
    """Return the configuration in effect after a reload: the wanted one, except for settings that need a restart."""
    kept: dict[str, Any] = {
        part: replace(_part(wanted, part), **{name: getattr(_part(before, part), name) for name in names})
        for part, names in AT_A_RESTART.items()
    }
    found: Config = replace(kept.pop(""), **kept)
    return found


def waiting(in_force: Config, wanted: Config) -> list[str]:
    """Return the keys whose wanted values need a restart."""
    return [
        f"{part}.{name}".lstrip(".")
        for part, names in AT_A_RESTART.items()
        for name in names
        if getattr(_part(in_force, part), name) != getattr(_part(wanted, part), name)
    ]


def _part(config: Config, name: str) -> Any:
    return getattr(config, name) if name else config
