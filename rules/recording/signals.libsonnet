// Baselines of the values in lib/signals.libsonnet. A sample beyond its limit is left out, by its own baseline's id, so
// that a new id can learn a new level while the old one still calls it an incident.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local signals = (import '../lib/signals.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local healthy = 'route_signal:llm_signal_healthy:value30m';
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
          %(within)s %(on)s (
            %(limit)s
            or %(on)s %(none)s * (
              %(ids)s
            )
          )
        ||| % {
          sample: std.rstripChars(baseline.identified(s.sample(0)), '\n'),
          within: if s.rises then '<=' else '>=',
          on: q.on(s.keys + ['baseline']),
          limit: signals.limit(s, signals.bases(s)),
          // Nothing is beyond a limit that is not known yet.
          none: if s.rises then 'Inf' else '0',
          ids: if s.names == [] then baseline.ids
          else std.join('\n      or ', [q.labelled('(%s)' % baseline.ids, 'signal', name) for name in s.names]),
        },
      }
      for s in judged
    ],
  }, {
    name: 'tocsin-signal-weeks',
    interval: q.duration(config.intervals.week),
    rules: [{
      record: 'route_signal:llm_signal:baseline7d',
      expr: baseline.week(healthy, 'route_signal:llm_signal:baseline7d', 3 * config.intervals.week),
    }],
  }]
