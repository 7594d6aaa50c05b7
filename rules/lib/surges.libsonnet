// What surges: events by route, against their usual share of the route's requests.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.safety;
  local events = 'route_signal:llm_surge:increase30m';
  // Recorded only of what is no surge: one that were learnt would become usual, and end its own ticket.
  local learnt = 'route_signal:llm_surge_usual:ratio30m';
  local day = q.duration(86400);
  // Of events that are recorded while they are 0: they tell for how long a route is known.
  local known = 'count_over_time(%s[%s]) >= %d' % [
    q.recorded(events, 'signal="injection"'), day, config.baseline.minimumSamples,
  ];
  local signal(name, keys, ratio, expr) = {
    local matcher = 'signal="%s"' % name,
    keys: keys,
    // Many are read, so they are read once: as they were recorded last.
    expr: 'sum %s (%s)' % [q.by(keys), q.latest(events, matcher, 360)],
    local share = '%s / %s group_left () (%s > 0)' % [self.expr, q.on(['route']), q.requests],
    local most = '%s * sum %s (sum_over_time(%s[%s])) / %s group_left () (%s)' % [
      q.number(c.surgeFactor), q.by(keys), q.recorded(learnt, matcher), day, q.on(['route']), known,
    ],
    // The share where it is usual: within so many times the mean of a day, of which two hours must be known.
    usual: '%s\n<= %s %s' % [share, q.on(keys), most],
    rules: [
      { record: events, labels: { signal: name }, expr: expr },
      {
        record: learnt,
        labels: { signal: name },
        expr: '%s\nunless %s (\n  %s\n  > %s clamp_min(%s, %s)\n)' % [share, q.on(keys), share, q.on(keys), most, q.number(ratio)],
      },
    ],
  };
  {
    injection: signal(
      'injection', ['route'], c.injectionRatio, q.sumIncrease(['route'], 'llm_injection_attempts_total', c.window)
    ),
    suspected: signal(
      'suspected', ['route', 'kind'], c.suspectedRatio, q.sumRises(['route', 'kind'], 'llm_safety_suspected_total', c.window)
    ),
    blocked: signal('blocked', ['route'], c.blockedRatio, q.sumRises(
      ['route'], 'llm_request_failures_total', c.window, 'reason=~"blocked_guardrail|blocked_provider"'
    )),
    rules: self.injection.rules + self.suspected.rules + self.blocked.rules,
  }
