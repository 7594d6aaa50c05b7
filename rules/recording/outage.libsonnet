// Requests and failures by provider and model, and by the tier of their route: a failing staging route wakes nobody.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local keys = ['provider', 'model', 'tier'];
  local minutes5 = 300;
  local byReason = keys + ['reason'];
  local call = ['provider', 'model', 'route'];
  local requests(names, window) = q.fresh(names, 'llm_requests_total', 'llm_late_requests_total', window);
  local failures = q.tiered(
    q.fresh(call + ['reason'], 'llm_request_failures_total', 'llm_late_request_failures_total', minutes5)
  );
  local outages = 'provider_5xx|timeout|connection';
  local outage = 'reason=~"%s"' % outages;
  local hard = 'reason!~"blocked_guardrail|blocked_provider|cancelled"';
  // Share of a route's failures that no retry and no fallback made good, where any was. A fallback succeeds under
  // another provider or model, so failures and recoveries can only be set against each other by route. Outages apart:
  // requests that come through after a 429 must not hide others that fail for good.
  local recovered(name) = q.sumIncrease(['route'], name, minutes5);
  local share(mended, matchers) = 'clamp_min(1 - (%s > 0) / %s, 0)' % [
    mended, q.sumIncrease(['route'], 'llm_request_failures_total', minutes5, matchers),
  ];
  local other = recovered('llm_requests_recovered_other_total');
  local all = recovered('llm_requests_recovered_total');
  local kept(mended, matchers) =
    '%s or %s group %s (route:llm_route:info)' % [share(mended, matchers), q.on(['route']), q.by(['route'])];
  local failed = 'provider_model_reason:llm_request_failures:increase5m';
  local unmended = 'provider_model_reason:llm_request_failures_unrecovered:increase5m';
  local calls = 'provider_model:llm_requests:increase5m';
  local aggregated(names, expr) = |||
    sum %s (
      %s
    )
  ||| % [q.by(names), q.indented(expr, 2)];
  // A sum of what may not be there, 0 where there were calls.
  local of(expr) = 'sum %s (%s) or 0 * %s' % [q.by(keys), expr, calls];
  local users = 'group %s (%s)' % [q.by(keys + ['owner']), '%s * %s group_left (owner, tier) %s' % [
    'group %s (%s)' % [q.by(call), q.metric('llm_requests_total')], q.on(['route']),
    q.one(['route'], q.recorded('route:llm_route:info', 'traffic="live"')),
  ]];
  [
    {
      name: 'tocsin-outage-requests',
      interval: q.duration(config.intervals.outage),
      // Raw counters are read by the first three alone; the others are sums of these.
      rules: [
        { record: calls, expr: aggregated(keys, q.tiered(requests(call, minutes5))) },
        { record: failed, expr: aggregated(byReason, failures) },
        {
          record: unmended,
          expr: aggregated(byReason, |||
            label_replace(%(failures)s, "outage", "true", "reason", "%(reasons)s")
            * %(on)s group_left () (
              label_replace(%(outages)s, "outage", "true", "", "")
              or
              (%(others)s)
            )
          ||| % {
            failures: failures,
            reasons: outages,
            on: q.on(['route', 'outage']),
            outages: kept('((%s - %s) or %s)' % [all, other, all], outage),
            others: kept(other, 'reason!~"%s"' % outages),
          }),
        },
        { record: 'provider_model:llm_request_failures:increase5m', expr: of(q.recorded(failed, outage)) },
        { record: 'provider_model:llm_request_failures_unrecovered:increase5m', expr: of(q.recorded(unmended, outage)) },
        { record: 'provider_model:llm_request_failures_unrecovered:increase10m', expr: of(q.twice(unmended, hard)) },
        {
          record: 'provider_model:llm_requests_succeeded:increase10m',
          expr: 'sum %(by)s (%(calls)s) - (sum %(by)s (%(failed)s) or 0 * %(now)s)' % {
            by: q.by(keys), calls: q.twice(calls), failed: q.twice(failed), now: calls,
          },
        },
      ],
    },
    {
      name: 'tocsin-owners',
      interval: q.duration(config.intervals.slow),
      rules: [{
        // The owner where a model has one, else the platform's.
        record: 'provider_model:llm_owner:info',
        expr: |||
          label_replace(group %(by)s (count %(by)s (%(users)s) > 1), "owner", "%(platform)s", "", "")
          or %(on)s
          %(users)s
        ||| % { users: users, on: q.on(keys), by: q.by(keys), platform: config.platformOwner },
      }],
    },
    {
      name: 'tocsin-traffic',
      interval: q.duration(config.intervals.slow),
      rules: [{
        record: 'route:llm_requests:increase15m',
        expr: q.live('sum %s (%s)' % [q.by(['route']), requests(['route'], 900)]),
      }],
    },
    {
      name: 'tocsin-model-changes',
      interval: q.duration(config.intervals.tickets),
      rules: [{
        // A day of it is asked for: reading a day of raw counters would be dear.
        record: 'provider_model:llm_model_changes:increase1h',
        expr: q.sumIncrease(['provider', 'model'], 'llm_model_changes_total', 3600),
      }],
    },
  ]
