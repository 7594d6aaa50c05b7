"""Files for other people's programs: what those can check they check, what cannot be had is held to names and limits."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tocsin.catalogue import FAMILIES
from tocsin.config import Config

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
RECEIVERS = sorted((EXAMPLES / "receivers").glob("*.json"))
ADDRESS = "127.0.0.1:9877"
SAMPLES = Config().series.max * 3 // 2


def text(name):
    return (EXAMPLES / name).read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_example_is_described_and_listed(folder):
    assert (folder / "README.md").read_text().startswith("# ")
    assert f"(../{folder.name})" in text("README.md").replace(f"({folder.name})", f"(../{folder.name})")


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("README.md")), ids=lambda path: path.parent.name)
def test_links_between_examples_resolve(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_datadog_collects_existing_names_with_all_samples():
    (instance,) = yaml.safe_load(text("datadog/conf.yaml"))["instances"]
    names = {name.removesuffix("_total") for name, family in FAMILIES.items() if not family.planned}

    assert instance["openmetrics_endpoint"] == f"http://{ADDRESS}/metrics"
    assert instance["max_returned_metrics"] == SAMPLES
    assert [name for name in instance["metrics"] if not any(re.fullmatch(name, known) for known in names)] == []


@pytest.mark.parametrize("name", ["splunk/collector.yaml", "otel-collector/collector.yaml"])
def test_collectors_scrape_the_default_address_under_the_rules_job(name):
    document = yaml.safe_load(text(name))
    (scrape,) = document["receivers"]["prometheus"]["config"]["scrape_configs"]

    assert (scrape["job_name"], scrape["static_configs"], scrape["sample_limit"]) == ("tocsin", [{"targets": [ADDRESS]}], SAMPLES)
    for pipeline in document["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(document[kind])


@pytest.mark.parametrize("name", ["newrelic/prometheus.yml", "one-host/prometheus.yml"])
@pytest.mark.parametrize("version", ["promtool", "promtool-oldest"])
def test_promtool_takes_the_prometheus_configuration(name, version, tool):
    done = subprocess.run([tool(version), "check", "config", "--syntax-only", EXAMPLES / name], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(text(name))["scrape_configs"][0]["sample_limit"] == SAMPLES


@pytest.mark.parametrize("path", RECEIVERS, ids=lambda path: path.stem)
def test_alertmanager_takes_the_routing_with_each_receiver(path, tool, tmp_path):
    lines = [line for line in re.search(r"```sh\n(.*?)```", text("receivers/README.md"), re.DOTALL)[1].splitlines() if path.name in line or "amtool" in line]
    assert len(lines) == 2
    (tmp_path / path.name).write_text(path.read_text())

    for version in ("amtool", "amtool-oldest"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / "amtool").unlink(missing_ok=True)
        (tmp_path / "bin" / "amtool").symlink_to(tool(version).resolve())
        places = [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        done = subprocess.run(
            ["bash", "-euc", "\n".join(lines)], cwd=tmp_path, env=os.environ | {"PATH": os.pathsep.join(places)}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in RECEIVERS if path.stem != "heartbeat"], ids=lambda path: path.stem)
def test_receivers_use_templates_that_ship(path):
    used = set(re.findall(r'template \\"([\w.]+)\\"', path.read_text()))
    defined = set(re.findall(r'define "([\w.]+)"', (EXAMPLES.parent / "rules" / "routing" / "tocsin.tmpl").read_text()))

    assert used
    assert used <= defined


def test_grafana_gets_keys_that_it_documents():
    datasources = yaml.safe_load(text("one-host/grafana/datasources/tocsin.yaml"))
    providers = yaml.safe_load(text("one-host/grafana/dashboards/tocsin.yaml"))

    # https://grafana.com/docs/grafana/latest/administration/provisioning/
    assert set(datasources["datasources"][0]) <= {"name", "type", "access", "url", "isDefault", "jsonData", "uid", "editable"}
    assert set(providers["providers"][0]) <= {"name", "orgId", "folder", "type", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates", "options"}
    assert set(providers["providers"][0]["options"]) <= {"path", "foldersFromFilesStructure"}
    assert datasources["apiVersion"] == providers["apiVersion"] == 1
