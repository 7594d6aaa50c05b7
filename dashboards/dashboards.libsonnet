// All pages by name: (import 'dashboards.libsonnet') { _config+:: { selector: 'job="llm"' } }.
(import '../rules/config.libsonnet') + {
  local page(source) = source($._config),
  grafanaDashboards:: {
    'overview.json': page(import 'overview.libsonnet'),
    'outage.json': page(import 'outage.libsonnet'),
    'quality.json': page(import 'quality.libsonnet'),
    'cost.json': page(import 'cost.libsonnet'),
    'safety.json': page(import 'safety.libsonnet'),
    'incident.json': page(import 'incident.libsonnet'),
    'exporter.json': page(import 'exporter.libsonnet'),
  },
}
