// Surges: events by route, compared with their usual share of the route's requests.
local because = import 'reasons.libsonnet';
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.safety;
  local events = 'route_signal:llm_surge:increase30m';
  // The same, recorded only if there are too many: these are not learnt, or a surge would become usual and end its ticket.
  local unusual = 'route_signal:llm_surge_unusual:increase30m';
  local quarters = 'route:llm_requests:increase15m';
  local day = q.duration(86400);
  // At the interval of events, whoever evaluates: a backtest records requests at another interval than a server.
  local spaced = '%s[%s:%s]' % [quarters, day, q.duration(config.intervals.baseline)];
  local onRoute = q.on(['route']) + ' group_left ()';
  // How many of a day's events are usual in the window: its share of the day's requests, and so many times as many. Sums
  // of what is recorded count each event once an interval while it is in the window. An hour of a day must be known; until
  // then as much as the floor counts as usual: a guardrail that takes a tenth is no surge of a new route, either.
  local perEvent = config.intervals.baseline / c.window;
  local perRequest = config.intervals.baseline / 900;
  local least = 3600 / config.intervals.baseline;
  local shareOfOne = '(%s / (sum_over_time(%s) and count_over_time(%s) >= %d))' % [
    q.number(c.surgeFactor * perEvent / perRequest), spaced, spaced, least,
  ];
  local signal(name, keys, key, ratio, expr) = {
    local matcher = 'signal="%s"' % name,
    local sum(record) = 'sum %s (sum_over_time(%s[%s]))' % [q.by(keys), q.recorded(record, matcher), day],
    local share = '(%s - %s or %s) * %s %s' % [sum(events), sum(unusual), sum(events), onRoute, shareOfOne],
    local unknown = '0 * %s + %s * %s' % [sum(events), q.number(c.surgeFactor), q.number(ratio)],
    local most(share) = '(%s) * %s %s' % [share, onRoute, q.requests],
    // There are many, so each is read once: as last recorded.
    local now = 'sum %s (%s)' % [q.by(keys), q.latest(events, matcher, 360)],
    local floor = '%s * %s %s' % [q.requests, q.on(['route']), q.threshold(key, ratio)],
    keys: keys,
    expr: now,
    floor: floor,
    usual: '%s\n<= %s %s' % [now, q.on(keys), most('%s\nor %s' % [share, unknown])],
    rules: [
      {
        // What is usual decides where so many times as many are over the floor. Nothing is recorded under half of that
        // share: some of most kinds there always are, on every route.
        record: events,
        labels: { signal: name },
        expr: '%s\n> %s %s / (2 * %s)' % [expr, onRoute, floor, q.number(c.surgeFactor)],
      },
      {
        record: unusual,
        labels: { signal: name },
        expr: '%s\n> %s %s\n> %s %s' % [now, q.on(keys), most(share), onRoute, floor],
      },
    ],
  };
  local route = ['route'], kind = ['route', 'kind'];
  {
    injection: signal('injection', route, 'safety.injectionRatio', c.injectionRatio, q.sumRises(route, 'llm_injection_attempts_total', c.window)),
    suspected: signal('suspected', kind, 'safety.suspectedRatio', c.suspectedRatio, q.sumRises(kind, 'llm_safety_suspected_total', c.window)),
    // Answers stopped by a provider's filter are failures with some providers, and HTTP 200 with others.
    blocked: signal('blocked', route, 'safety.blockedRatio', c.blockedRatio, 'sum %s (%s or %s)' % [
      q.by(route), q.sumRises(route, 'llm_request_failures_total', c.window, 'reason=~"%s"' % because.blocked),
      q.labelled(q.sumRises(route, 'llm_content_filtered_total', c.window), 'ended', 'true'),
    ]),
    empty: signal('empty', route, 'quality.emptyRatio', config.quality.emptyRatio, q.sumRises(
      route, 'llm_unscored_total', c.window, 'reason="empty"'
    )),
    rules: self.injection.rules + self.suspected.rules + self.blocked.rules + self.empty.rules,
    // Many in absolute numbers, many for the traffic, and many for the route.
    breach(events):: q.live(|||
      (
        %(events)s
        > %(on)s group_left () clamp_min(
          %(floor)s,
          %(minimum)s - 1
        )
        unless %(onKeys)s (
          %(usual)s
        )
      )
    ||| % {
      events: events.expr, floor: events.floor, on: q.on(['route']), minimum: q.number(c.surgeMinimum),
      onKeys: q.on(events.keys), usual: q.indented(events.usual, 4),
    }),
  }
