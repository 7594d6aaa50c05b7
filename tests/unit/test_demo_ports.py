"""Ports of the demo, which tests and benchmarks ask for too."""

import socket
from pathlib import Path

import pytest

from tocsin.config import ConfigError
from tocsin.demo.stack import Addresses, compiled, free_port


def test_a_free_port_is_none_that_the_kernel_gives_to_outgoing_connections():
    outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])

    assert all(10_000 <= free_port() < outgoing for _ in range(50))


def test_no_free_port_is_given_twice():
    assert len({free_port() for _ in range(50)}) == 50


def test_a_requested_port_in_use_is_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(ConfigError, match="is not available"):
            free_port(other.getsockname()[1])


def test_links_in_the_alerts_of_a_demo_lead_to_its_own_port(tmp_path):
    rules = compiled(Addresses(tmp_path, "127.0.0.1:12345", "127.0.0.1:12346"), {})

    links = {rule["annotations"]["runbook_url"].rpartition("/")[0] for group in rules.rule_groups() for rule in group["rules"] if "alert" in rule}
    assert links == {"http://127.0.0.1:12345/runbooks"}
