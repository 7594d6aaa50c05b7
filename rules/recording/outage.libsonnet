// Requests and failures by provider and model, and by the tier of their route: a failing staging route wakes nobody.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local c = config.outage;
  local keys = ['provider', 'model', 'tier'];
  local minutes5 = 300;
  local minutes10 = c.noSuccess.window;
  local failures(window, matchers) =
    q.fresh('llm_request_failures_total', 'llm_late_request_failures_total', window, matchers);
  local requests(window) = q.fresh('llm_requests_total', 'llm_late_requests_total', window);
  local outage = 'reason=~"provider_5xx|timeout|connection"';
  local hard = 'reason!~"blocked_guardrail|blocked_provider|cancelled"';
  local unrecovered = 'route:llm_request_failures_unrecovered:ratio5m';
  local aggregated(expr) = |||
    sum %s (
      %s
    )
  ||| % [q.by(keys), q.indented(expr, 2)];
  [
    {
      name: 'tocsin-outage-requests',
      interval: q.duration(config.intervals.outage),
      rules: [
        {
          // Share of a route's failures that no retry and no fallback made good. A fallback succeeds under another
          // provider or model, so failures and recoveries can only be set against each other by route.
          record: unrecovered,
          expr: |||
            clamp_min(1 - %(recovered)s / (%(failures)s > 0), 0)
            or
            (%(failures)s > bool 0)
          ||| % {
            recovered: q.sumIncrease(['route'], 'llm_requests_recovered_total', minutes5),
            failures: q.sumIncrease(['route'], 'llm_request_failures_total', minutes5),
          },
        },
        { record: 'provider_model:llm_requests:increase5m', expr: aggregated(q.tiered(requests(minutes5))) },
        { record: 'provider_model:llm_request_failures:increase5m', expr: aggregated(q.tiered(failures(minutes5, outage))) },
        {
          record: 'provider_model:llm_request_failures_unrecovered:increase5m',
          expr: aggregated('%s * %s group_left () %s' % [q.tiered(failures(minutes5, outage)), q.on(['route']), unrecovered]),
        },
        {
          record: 'provider_model:llm_request_failures_unrecovered:increase10m',
          expr: aggregated('%s * %s group_left () %s' % [q.tiered(failures(minutes10, hard)), q.on(['route']), unrecovered]),
        },
        {
          record: 'provider_model:llm_requests_succeeded:increase10m',
          expr: |||
            %s
            - %s
            (%s or 0 * %s)
          ||| % [
            std.rstripChars(aggregated(q.tiered(requests(minutes10))), '\n'),
            q.on(keys),
            std.rstripChars(aggregated(q.tiered(failures(minutes10, ''))), '\n'),
            'provider_model:llm_requests:increase5m',
          ],
        },
        {
          // The owner where a model has one, else the platform's.
          record: 'provider_model:llm_owner:info',
          expr: |||
            %(users)s and %(on)s (count %(by)s (%(users)s) == 1)
            or %(on)s
            label_replace(group %(by)s (%(users)s), "owner", "%(platform)s", "", "")
          ||| % {
            users: 'group %s (%s * %s group_left (owner, tier) %s)' % [
              q.by(keys + ['owner']), q.metric('llm_requests_total'), q.on(['route']),
              q.one(['route'], q.recorded('route:llm_route:info', 'traffic="live"')),
            ],
            on: q.on(keys), by: q.by(keys), platform: config.platformOwner,
          },
        },
      ],
    },
    {
      name: 'tocsin-traffic',
      interval: q.duration(config.intervals.default),
      rules: [{
        record: 'route:llm_requests:increase15m',
        expr: q.live('sum %s (%s)' % [q.by(['route']), requests(900)]),
      }],
    },
  ]
