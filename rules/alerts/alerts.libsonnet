// All alerts, by category.
{
  prometheusAlerts+:: {
    groups: std.flatMap(function(groups) std.flattenArrays(groups($._config)), [
      import 'safety.libsonnet',
      import 'outage.libsonnet',
      import 'quality.libsonnet',
      import 'format.libsonnet',
      import 'cost.libsonnet',
      import 'change.libsonnet',
      import 'control.libsonnet',
      import 'drill.libsonnet',
      import 'exporter.libsonnet',
    ]),
  },
  // Rows of the generated table of alerts.
  alertTable:: std.flatMap(function(group) group.rows, self.prometheusAlerts.groups),
}
