// Who owns a route, and what its calls are.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local c = config;
  local route = ['route'];
  // What a route was a moment ago it still is: a missed scrape must not change its owner.
  local configured(matchers='') = 'last_over_time(%s[%s])' % [q.metric('llm_route_info', matchers), q.duration(c.scrapeGap)];
  local counted(matchers='') = 'count %s (label_replace(%s, "owner", "%s", "owner", ""))' % [
    q.by(['route', 'owner', 'tier', 'traffic']), configured(matchers), c.defaultOwner,
  ];
  [
    {
      name: 'tocsin-routes-seen',
      interval: q.duration(c.intervals.tickets),
      rules: [{
        // Routes that no exporter tells of, though there are series of theirs. Usually none: so it may look at many.
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
        // One row for every route, whatever the exporter's configuration says of it: an alert must not be lost because
        // a join found nothing. Where exporters disagree, while a configuration is rolled out or because staging is
        // scraped beside production, what pages wins, then what most say.
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
