// What surges: events by route, against their own usual share of the route's requests.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.safety;
  local share = 'route_signal:llm_surge:ratio30m';
  local events(signal, keys, expr) = {
    signal: signal,
    keys: keys,
    expr: expr,
    rule: { record: share, labels: { signal: signal }, expr: '%s / %s group_left () (%s > 0)' % [expr, q.on(['route']), q.requests] },
  };
  {
    // This one alone is recorded while it is 0: it tells for how long a route is known.
    injection: events('injection', ['route'], q.sumIncrease(['route'], 'llm_injection_attempts_total', c.window)),
    suspected: events('suspected', ['route', 'kind'], q.sumRises(['route', 'kind'], 'llm_safety_suspected_total', c.window)),
    blocked: events('blocked', ['route'], q.sumRises(
      ['route'], 'llm_request_failures_total', c.window, 'reason=~"blocked_guardrail|blocked_provider"'
    )),
    rules: [s.rule for s in [self.injection, self.suspected, self.blocked]],

    // The share where it is usual: within so many times the mean of a day, of which two hours must be known.
    usual(signal)::
      local recorded = q.recorded(share, 'signal="%s"' % signal);
      |||
        %(now)s
        <= %(factor)s * sum_over_time(%(now)s[%(day)s])
        / %(on)s group_left () (count_over_time(%(clock)s[%(day)s]) >= %(minimum)d)
      ||| % {
        now: recorded, factor: q.number(c.surgeFactor), day: q.duration(86400), on: q.on(['route']),
        clock: q.recorded(share, 'signal="injection"'), minimum: config.baseline.minimumSamples,
      },
  }
