// Format compliance over exactly the last 1,000 checks, which exporters delimit and which are summed over replicas.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local format = (import '../lib/format.libsonnet')(config);
  [
    {
      name: 'tocsin-format-failures',
      interval: q.duration(config.intervals.slow),
      // Recorded only if alerts may need it: a composite score drops by a tenth when a quarter fails.
      rules: [{ record: 'route:llm_format_failed:ratio30m', expr: format.failed(1800, config.format.brokenMinimumCalls, '0.1') }],
    },
    {
      name: 'tocsin-format-window',
      interval: q.duration(config.intervals.default),
      rules: [
        { record: 'route:llm_format_window:ratio', expr: format.ratio },
        // Hysteresis by a separate series: not every querier has ALERTS.
        { record: 'route:llm_format_window:incident', expr: format.latch },
      ],
    },
  ]
