// What a baseline is: healthy samples, each under the id of the baseline that was accepted when it was taken.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.baseline;
  {
    // The accepted baseline of each route on a vector that has a route.
    identified(vector)::
      |||
        (%(vector)s)
        * %(on)s group_left (baseline) (
          %(accepted)s > bool 0
          or %(on)s %(none)s
        )
      ||| % {
        vector: vector,
        on: q.on(['route']),
        accepted: q.one(['route'], 'count %s (%s)' % [q.by(['route', 'baseline']), q.metric('llm_baseline_info')]),
        none: q.labelled('group %s (%s)' % [q.by(['route']), vector], 'baseline', 'default'),
      },

    // The mean of a week's healthy samples, once there are enough. An incident longer than the window must not wear the
    // baseline out, so the last one stays. Ids that were not accepted in the last 24 hours judge no more: a new id
    // learns while the old one goes on judging.
    week(healthy, itself)::
      local samples = '%s[%s:%s]' % [healthy, q.duration(c.window), q.duration(c.step)];
      |||
        (
          avg_over_time(%(samples)s) and count_over_time(%(samples)s) >= %(minimum)s
          or last_over_time(%(itself)s[%(stale)s])
        )
        unless %(onRoute)s %(accepted)s
        or
        (
          avg_over_time(%(samples)s) and count_over_time(%(samples)s) >= %(minimum)s
          or last_over_time(%(itself)s[%(stale)s])
        )
        and %(onId)s %(accepted)s
      ||| % {
        samples: samples,
        minimum: c.minimumSamples,
        itself: itself,
        stale: q.duration(1800),
        onRoute: q.on(['route']),
        onId: q.on(['route', 'baseline']),
        accepted: 'last_over_time(%s[%s])' % [q.metric('llm_baseline_info'), q.duration(c.handover)],
      },
  }
