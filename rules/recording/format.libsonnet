// Format compliance over exactly the last 1,000 checks, which the exporters count out and replicas sum.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local format = (import '../lib/format.libsonnet')(config);
  [
    {
      name: 'tocsin-format-failures',
      interval: q.duration(config.intervals.slow),
      // Recorded only of what alerts may be about: a composite score sinks by a tenth when a quarter fails.
      rules: [{ record: 'route:llm_format_failed:ratio30m', expr: format.failed(1800, config.format.brokenMinimumCalls, '0.1') }],
    },
    {
      name: 'tocsin-format-window',
      interval: q.duration(config.intervals.default),
      rules: [
        { record: 'route:llm_format_window:ratio', expr: format.ratio },
        // Hysteresis by a series of our own: not every querier has ALERTS.
        { record: 'route:llm_format_window:incident', expr: format.latch },
      ],
    },
  ]
