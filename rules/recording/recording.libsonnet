// All recording rules, in the order in which groups depend on each other.
{
  prometheusRules+:: {
    groups: std.flatMap(function(groups) groups($._config), [
      import 'routes.libsonnet',
      import 'outage.libsonnet',
      import 'latency.libsonnet',
      import 'quality.libsonnet',
      import 'format.libsonnet',
      import 'signals.libsonnet',
      import 'cost.libsonnet',
    ]),
  },
}
