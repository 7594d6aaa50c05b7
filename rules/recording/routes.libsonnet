// The owner of a route, and the traffic of its calls.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local c = config;
  local route = ['route'];
  // A route keeps its last known owner and tier: a missed scrape must not change them.
  local configured(matchers='') = 'last_over_time(%s[%s])' % [q.metric('llm_route_info', matchers), q.duration(c.scrapeGap)];
  local counted(matchers='') = 'count %s (label_replace(%s, "owner", "%s", "owner", ""))' % [
    q.by(['route', 'owner', 'tier', 'traffic']), configured(matchers), c.defaultOwner,
  ];
  [
    {
      name: 'tocsin-routes-seen',
      interval: q.duration(c.intervals.tickets),
      rules: [{
        // Routes that no exporter lists, although they have series. Usually none, so it may read many.
        record: 'route:llm_route:seen',
        expr: 'group %s (%s) unless %s %s' % [
          q.by(route),
          q.metric('', '__name__=~"llm_requests_total|llm_quality_score_count|llm_format_window_calls|llm_safety_last_violation_timestamp_seconds|llm_user_flags_total|llm_guard_eligible_total|llm_prompt_changes_total|llm_input_drift_psi"'),
          q.on(route), configured(),
        ],
      }],
    },
    {
      name: 'tocsin-routes',
      interval: q.duration(c.intervals.safety),
      rules: [{
        // One row for every route, configured or not: an alert must not be lost because a join found nothing. If exporters
        // disagree, during the rollout of a configuration or because staging is scraped as well as production, the value
        // that pages wins, then that of the majority.
        record: 'route:llm_route:info',
        expr: |||
          %(one)s > bool 0
          or %(on)s
          label_replace(label_replace(label_replace(
            route:llm_route:seen
          , "owner", "%(owner)s", "", ""), "tier", "prod", "", ""), "traffic", "live", "", "")
        ||| % {
          one: q.one(route, '1000 * %s or %s' % [counted('tier="prod", traffic="live"'), counted()]),
          on: q.on(route),
          owner: c.defaultOwner,
        },
      }],
    },
  ]
