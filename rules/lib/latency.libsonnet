// Durations by provider, model and tier, compared with the same hour of previous days.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.outage;
  local keys = ['provider', 'model', 'tier'];
  local window = 600;
  local call = ['provider', 'model', 'route'];
  local quantile(metric, at) = |||
    histogram_quantile(%s, sum %s (%s))
    and %s (%s)
  ||| % [
    at, q.by(keys + ['le']), q.tiered(q.sumIncrease(call + ['le'], metric + '_bucket', window)), q.on(keys),
    q.atLeast('sum %s (%s)' % [q.by(keys), q.tiered(q.sumIncrease(call, metric + '_count', window))], c.latencyMinimumCalls),
  ];
  local recorded = 'provider_model:llm_latency:value10m';
  local expected = 'provider_model:llm_latency:expected';
  local breach(signal, sign, factor, floor) =
    '%s %s %s * %s%s' % [
      q.recorded(recorded, 'signal="%s"' % signal), sign, q.number(factor), q.latest(expected, 'signal="%s"' % signal),
      if floor == null then '' else ' > %s' % q.number(floor),
    ];
  {
    keys:: keys,
    signals:: {
      first_token: quantile('llm_time_to_first_token_seconds', '0.95'),
      speed: quantile('llm_output_tokens_per_second', '0.5'),
      duration: quantile('llm_request_duration_seconds', '0.95'),
    },
    firstToken:: breach('first_token', '>', c.firstTokenFactor, c.firstTokenSeconds),
    speed:: breach('speed', '<', c.speedRatio, null),
    duration:: breach('duration', '>', c.durationFactor, null),

    // The factor by which it is slower than usual, if either is too slow: one row per model, whichever it is.
    local value(signal, bound='') = 'max %s (%s%s)' % [q.by(keys), q.recorded(recorded, 'signal="%s"' % signal), bound],
    local usual(signal) = 'max %s (%s)' % [q.by(keys), q.latest(expected, 'signal="%s"' % signal)],
    slow:: '%s / %s > %s\nor\n%s / %s > 1 / %s' % [
      value('first_token', ' > %s' % q.number(c.firstTokenSeconds)), usual('first_token'), q.number(c.firstTokenFactor),
      usual('speed'), value('speed'), q.number(c.speedRatio),
    ],
  }
