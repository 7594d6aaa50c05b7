// Values of lib/signals.libsonnet and their baselines. A sample beyond its limit is excluded from the mean, by its own
// baseline's id, so that a new id can learn a new level while the old one still calls it an incident.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local signals = (import '../lib/signals.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local surges = (import '../lib/surges.libsonnet')(config);
  local value = 'route_signal:llm_signal:value30m';
  // Recorded only while it is beyond its limit: a healthy route has none.
  local unhealthy = 'route_signal:llm_signal_unhealthy:value30m';
  local keys = ['route', 'signal', 'baseline', 'scorer'];
  local judged = [
    signals.bad_score,
    signals.hallucination,
    signals.refusal,
    signals.token_outlier,
    signals.output_chars,
    signals.similarity,
    signals.tokens_per_request,
    signals.cost_per_request,
  ];
  [{
    name: 'tocsin-signals',
    interval: q.duration(config.intervals.baseline),
    rules: [
      {
        record: value,
        [if s.name != '' then 'labels']: { signal: s.name },
        expr: baseline.identified(s.sample),
      }
      for s in judged
    ] + [
      {
        record: unhealthy,
        [if s.name != '' then 'labels']: { signal: s.name },
        expr: '%s %s %s %s' % [
          q.recorded(value, s.matcher), if s.rises then '>' else '<', q.on(keys),
          signals.limit(s, signals.bases(s)),
        ],
      }
      for s in judged
    ],
  }, {
    name: 'tocsin-surges',
    interval: q.duration(config.intervals.baseline),
    rules: surges.rules,
  }, {
    name: 'tocsin-signal-weeks',
    interval: q.duration(config.intervals.week),
    rules: [{
      record: 'route_signal:llm_signal:baseline7d',
      expr: baseline.weekWithout(value, unhealthy, keys, 'route_signal:llm_signal:baseline7d', 3 * config.intervals.week),
    }],
  }]
