// Baselines of the values in lib/signals.libsonnet. A sample beyond its limit is left out, by its own baseline's id, so
// that a new id can learn a new level while the old one still calls it an incident.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local signals = (import '../lib/signals.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local healthy = 'route_signal:llm_signal_healthy:value30m';
  local itself = 'route_signal:llm_signal:baseline7d';
  local judged = [
    signals.bad_score,
    signals.hallucination,
    signals.refusal,
    signals.token_outlier,
    signals.output_chars,
    signals.tokens_per_request,
    signals.cost_per_request,
  ];
  [{
    name: 'tocsin-signal-baselines',
    interval: q.duration(config.intervals.baseline),
    rules: [
      {
        record: healthy,
        [if s.name != '' then 'labels']: { signal: s.name },
        expr: |||
          %(sample)s
          unless
          (
            %(inner)s
            %(beyond)s %(on)s %(limit)s
          )
        ||| % {
          sample: std.rstripChars(baseline.identified(s.sample), '\n'),
          inner: q.indented(baseline.identified(s.sample), 2),
          beyond: if s.rises then '>' else '<',
          on: q.on(s.keys + ['baseline']),
          limit: signals.limit(s, q.latest(itself, s.matcher)),
        },
      }
      for s in judged
    ] + [{ record: itself, expr: baseline.week(healthy, itself) }],
  }]
