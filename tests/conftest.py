"""Shared by all tests: hypothesis without deadlines, because CI machines are shared and slow at times."""

from hypothesis import HealthCheck, settings

settings.register_profile("tocsin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tocsin")
