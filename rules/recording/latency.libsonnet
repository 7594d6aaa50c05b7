// Latency and expected latency: that of the same hour of the last seven days, as far as it was healthy.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local latency = (import '../lib/latency.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local keys = latency.keys + ['signal'];
  local healthy = 'provider_model:llm_latency_healthy:value10m';
  local expected = 'provider_model:llm_latency:expected';
  local recorded(name, interval, signals) = {
    name: name,
    interval: q.duration(interval),
    rules: [{ record: 'provider_model:llm_latency:value10m', expr: latency.signals[s], labels: { signal: s } } for s in signals],
  };
  [
    // The value that pages, and the one that creates a ticket.
    recorded('tocsin-latency', config.intervals.slow, ['first_token', 'speed']),
    recorded('tocsin-latency-duration', config.intervals.tickets, ['duration']),
    {
      name: 'tocsin-latency-baselines',
      interval: q.duration(config.intervals.baseline),
      rules: [
        {
          record: healthy,
          expr: |||
            provider_model:llm_latency:value10m
            unless %s
            (
              %s
              or %s
              or %s
            )
          ||| % [q.on(keys), latency.firstToken, latency.speed, latency.duration],
        },
        {
          record: expected,
          expr: |||
            %s
            or %s
            (
              %s
              or %s
            )
          ||| % [baseline.sameHour(healthy, keys, 3600), q.on(keys), baseline.mean(healthy), baseline.before(expected)],
        },
      ],
    },
  ]
