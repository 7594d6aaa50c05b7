// All alerts, by category.
{
  prometheusAlerts+:: {
    groups: std.flatMap(function(groups) groups($._config), [
      import 'safety.libsonnet',
      import 'quality.libsonnet',
    ]),
  },
  // Rows of the generated table of alerts.
  alertTable:: std.flatMap(function(group) group.rows, self.prometheusAlerts.groups),
}
