// A baseline: healthy samples of a week, each under the id of the baseline that was accepted at the time.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.baseline;
  {
    samples(healthy):: '%s[%s:%s]' % [healthy, q.duration(c.window), q.duration(c.step)],

    // The mean, once there are enough samples. They may enter it late: a step that is hardly an incident would be learnt
    // within its first hour, where only some hours are known.
    mean(healthy, late=0)::
      'avg_over_time(%(samples)s) and count_over_time(%(samples)s) >= %(minimum)d' % {
        samples: $.samples(healthy) + if late == 0 then '' else ' offset %s' % q.duration(late), minimum: c.minimumSamples,
      },

    // The mean around this time of day, over the days of the window that have enough samples around it.
    sameHour(healthy, keys, width, minimum=1)::
      local day = 86400;
      local around(n) = '%s[%s] offset %s' % [healthy, q.duration(width), q.duration(n * day - width / 2)];
      local enough(n) = if minimum == 1 then '' else ' and count_over_time(%s) >= %d' % [around(n), minimum];
      'avg %s (\n  %s\n)' % [q.by(keys), std.join('\n  or ', [
        q.labelled('avg_over_time(%s)%s' % [around(n), enough(n)], 'day', '%d' % n) for n in std.range(1, std.max(1, c.window / day))
      ])],

    // The previous value: an incident longer than the window must not erase the baseline.
    before(itself, within=1800):: 'last_over_time(%s[%s])' % [itself, q.duration(within)],

    // 1 for each route, with its accepted baseline.
    ids:: '%(accepted)s > bool 0 or %(on)s %(none)s' % {
      on: q.on(['route']),
      accepted: q.one(['route'], 'count %s (%s)' % [q.by(['route', 'baseline']), q.metric('llm_baseline_info')]),
      none: q.labelled('group %s (route:llm_route:info)' % q.by(['route']), 'baseline', 'default'),
    },

    // The accepted baseline of each route on a vector that has a route.
    identified(vector)::
      |||
        (
          %s
        )
        * %s group_left (baseline) (%s)
      ||| % [q.indented(vector, 2), q.on(['route']), $.ids],

    // The same if all samples are recorded, and those to exclude are recorded again.
    meanWithout(all, unhealthy, keys)::
      local over(f) = 'sum %s (%s_over_time(%s) or %s)' % [
        q.by(keys), f, $.samples(all), q.labelled('-1 * %s_over_time(%s)' % [f, $.samples(unhealthy)], 'left', 'out'),
      ];
      '%s / (%s >= %d)' % [over('sum'), over('count'), c.minimumSamples],

    // What is usual at this time of day, or, while no day before tells, at any. Good hours are believed up to a factor of
    // the mean: weekends have another rhythm, which nobody can know on the first one. Of that mean an hourly sample will do.
    usual(healthy, keys, itself, within=1800)::
      local hourly = '%s[%s:%s]' % [healthy, q.duration(c.window), q.duration(3600)];
      $.kept(|||
        min %s (
          %s
          or %s
          or %s
        )
      ||| % [
        q.by(keys), q.indented($.sameHour(healthy, keys, c.around, c.around / (2 * c.step)), 2), $.mean(healthy, c.late),
        q.labelled(
          '%s * (avg_over_time(%s) and count_over_time(%s) >= 24)' % [q.number(c.goodHours), hourly, hourly], 'bound', 'most'
        ),
      ], itself, within),

    // Ids that were not accepted in the last 24 hours are no longer used: a new id learns while the old one is in use.
    weekWithout(all, unhealthy, keys, itself, within):: $.kept($.meanWithout(all, unhealthy, keys), itself, within),
    kept(mean, itself, within)::
      |||
        (
          %(mean)s
          or %(before)s
        )
        and %(onId)s (
          last_over_time(%(accepted)s[%(handover)s])
          or %(onRoute)s %(none)s
        )
      ||| % {
        mean: q.indented(mean, 2),
        before: $.before(itself, within),
        onRoute: q.on(['route']),
        onId: q.on(['route', 'baseline']),
        accepted: q.metric('llm_baseline_info'),
        handover: q.duration(c.handover),
        none: q.labelled('route:llm_route:info', 'baseline', 'default'),
      },
  }
