// Spending and expected spending.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local spending = (import '../lib/spending.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local c = config.cost;
  local healthy = 'llm_cost_usd_healthy:increase1h';
  local expected = 'llm_cost_usd:expected';
  local hour = 'llm_cost_usd:increase1h';
  local ids = ['baseline'];
  [
    {
      name: 'tocsin-cost-spending',
      interval: q.duration(config.intervals.cost),
      rules: [
        {
          // Summed before increase(): label sets that are folded or expire move their totals to `other`, where the jump
          // would look like money. Within one exporter the sum never moves, and resets come all at once. Rounded, because
          // the last digit of a sum or a difference may fall, and would be a reset: all money ever spent would count once
          // more. To a power of two, which no decimal price lies half-way between.
          record: 'instance:llm_cost_usd:sum',
          expr: |||
            round(sum %(by)s (
              sum %(by)s (%(cost)s)
              or %(late)s
            ), 1 / 1024)
          ||| % {
            by: q.by(['instance']), cost: q.metric('llm_cost_usd_total'),
            late: q.labelled('-1 * sum %s (%s)' % [q.by(['instance']), q.metric('llm_late_cost_usd_total')], 'late', 'true'),
          },
        },
        { record: hour, expr: spending.over(3600) },
        {
          record: 'llm_cost_usd:incident',
          expr: |||
            (%(expected)s + %(usd)s < bool %(on)s group_left () %(hour)s)
            * (%(expected)s * (1 + %(ratio)s) < bool %(on)s group_left () %(hour)s)
          ||| % {
            expected: q.latest(expected), on: q.on([]), hour: hour, usd: q.number(c.usdPerHour),
            ratio: q.number(c.riseRatio),
          },
        },
      ],
    },
    {
      name: 'tocsin-cost-consumers',
      interval: q.duration(config.intervals.default),
      rules: [
        {
          // Read by one alert and many texts, and the most expensive of their ranges: an hour of every known consumer.
          record: 'consumer:llm_consumer_tokens:increase1h',
          expr: q.sumCounted(['consumer'], 'llm_consumer_tokens_total', 3600, 'consumer!~"other|unknown", kind=~"input|output"'),
        },
      ],
    },
    {
      name: 'tocsin-cost-baselines',
      interval: q.duration(config.intervals.baseline),
      rules: [
        {
          // Hours that ended an hour ago, so that the start of a rise is not learnt before it is known as one, and that
          // are whole: an hour before them there was a figure already.
          record: healthy,
          expr: |||
            %(sample)s
            unless %(on)s (max_over_time(llm_cost_usd:incident[%(twoHours)s]) == 1)
          ||| % {
            sample: q.labelled('%s offset %s and %s offset %s' % [hour, q.duration(3600), hour, q.duration(7200)], 'baseline', c.baseline),
            on: q.on(ids), twoHours: q.duration(7200),
          },
        },
        {
          // The highest of the mean hour, the same hour yesterday and a week ago, half an hour earlier or later since no batch
          // begins to the minute, once a day has been learnt. The id that was replaced judges until the new one has learnt.
          record: expected,
          expr: |||
            (
              max %(by)s (
                %(mean)s
                or %(yesterday)s
                or %(lastWeek)s
              )
              and %(on)s count_over_time(%(healthy)s[%(learnt)s:%(step)s] offset %(learning)s) > 0
              or last_over_time(%(itself)s[%(stale)s])
            )
            and %(on)s (last_over_time(%(healthy)s[%(handover)s]) or last_over_time(%(current)s[%(week)s]))
          ||| % {
            by: q.by(ids), on: q.on(ids), healthy: healthy, itself: expected,
            mean: q.labelled('avg_over_time(%s)' % baseline.samples(healthy), 'hour', 'mean'),
            yesterday: q.labelled('max_over_time(%s[%s] offset %s)' % [healthy, q.duration(3600), q.duration(22.5 * 3600)], 'hour', 'yesterday'),
            lastWeek: q.labelled('max_over_time(%s[%s] offset %s)' % [healthy, q.duration(3600), q.duration(166.5 * 3600)], 'hour', 'last week'),
            learnt: q.duration(config.baseline.window), step: q.duration(config.baseline.step),
            learning: q.duration(std.max(1, c.learning - 3600)),  // Prometheus 2.42 takes no offset of 0
            stale: q.duration(1800),
            handover: q.duration(config.baseline.handover + 3600),
            current: q.recorded(expected, 'baseline="%s"' % c.baseline), week: q.duration(config.baseline.window),
          },
        },
      ],
    },
  ]
