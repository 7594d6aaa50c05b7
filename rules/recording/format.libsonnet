// Format compliance over exactly the last 1,000 checks, which the exporters count out and replicas sum.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local format = (import '../lib/format.libsonnet')(config);
  [{
    name: 'tocsin-format-window',
    interval: q.duration(config.intervals.default),
    rules: [
      { record: 'route:llm_format_window:ratio', expr: format.ratio },
      // Hysteresis by a series of our own: not every querier has ALERTS.
      { record: 'route:llm_format_window:incident', expr: format.latch },
    ],
  }]
