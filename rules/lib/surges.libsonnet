// What surges: events by route, against their own usual share of the route's requests.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.safety;
  local events = 'route_signal:llm_surge:increase30m';
  local share = 'route_signal:llm_surge:ratio30m';
  local signal(name, keys, expr) = {
    keys: keys,
    rule: { record: events, labels: { signal: name }, expr: expr },
    // Many are read, so they are read once: as they were recorded last.
    expr: 'sum %s (%s)' % [q.by(keys), q.latest(events, 'signal="%s"' % name, 360)],
    recorded: q.recorded(share, 'signal="%s"' % name),
  };
  {
    // This one alone is recorded while it is 0: it tells for how long a route is known.
    injection: signal('injection', ['route'], q.sumIncrease(['route'], 'llm_injection_attempts_total', c.window)),
    suspected: signal('suspected', ['route', 'kind'], q.sumRises(['route', 'kind'], 'llm_safety_suspected_total', c.window)),
    blocked: signal('blocked', ['route'], q.sumRises(
      ['route'], 'llm_request_failures_total', c.window, 'reason=~"blocked_guardrail|blocked_provider"'
    )),
    rules: [s.rule for s in [self.injection, self.suspected, self.blocked]] + [
      { record: share, expr: '%s / %s group_left () (%s > 0)' % [events, q.on(['route']), q.requests] },
    ],

    // The share where it is usual: within so many times the mean of a day, of which two hours must be known.
    usual(signal):: |||
      %(now)s
      <= %(factor)s * sum_over_time(%(now)s[%(day)s])
      / %(on)s group_left () (count_over_time(%(clock)s[%(day)s]) >= %(minimum)d)
    ||| % {
      now: signal.recorded, factor: q.number(c.surgeFactor), day: q.duration(86400), on: q.on(['route']),
      clock: $.injection.recorded, minimum: config.baseline.minimumSamples,
    },
  }
