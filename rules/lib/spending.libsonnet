// Spending of the whole fleet.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.cost;
  local spent = 'instance:llm_cost_usd:sum';
  local hour = 'llm_cost_usd:increase1h';
  local expected = 'max %s (%s)' % [q.by([]), q.latest('llm_cost_usd:expected')];
  {
    // What an exporter's sum rose by over a window, exactly: increase() extrapolates, and would page at $49.99 in the newest
    // Prometheus. A counter that fell has lost its state, and is left to increase(); of an exporter that is younger than the
    // window all counts. Half an interval more, so that the sample at the far end is inside: Prometheus 3 leaves it out, and
    // four minutes would be three and a half.
    local rise(sums, window, interval, step='') =
      local seconds = window + interval / 2;
      |||
        sum %(by)s (
          (%(sums)s and %(young)s or max_over_time(%(range)s) - min_over_time(%(range)s)) unless resets(%(range)s) > 0
          or increase(%(range)s)
        )
      ||| % { by: q.by([]), sums: sums, young: q.youngExporters(seconds), range: '%s[%s%s]' % [sums, q.duration(seconds), step] },
    // Dollars.
    over(window):: rise(spent, window, config.intervals.cost),
    // Tokens of all consumers. Of the sum, too: one that others pass moves its total to `other`, where the jump would look
    // like tokens of now, and hide the share of who passed it. Asked for seldom and of few: not worth a recorded series.
    tokens(window):: rise(
      '(sum %s (%s))' % [q.by(['instance']), q.metric('llm_consumer_tokens_total', 'kind=~"input|output"')],
      window, config.intervals.default, ':' + q.duration(config.intervals.default),
    ),

    // Dollars above the expected cost, if that exceeds the allowance and the share.
    excess:: |||
      %(hour)s - %(on)s %(expected)s > %(usd)s
      and %(on)s %(hour)s > %(on)s (1 + %(ratio)s) * %(expected)s
    ||| % {
      hour: hour, on: q.on([]), expected: expected, usd: q.number(c.usdPerHour), ratio: q.number(c.riseRatio),
    },

    // Dollars an hour above expected at the pace of four minutes. A single dear call leaves the window before `for` ends,
    // and a pace that is the threshold on average must not begin anew with each window that is a little under it: but once
    // the hour has paged for a quarter of an hour, nothing is urgent that chance makes of calls that come unevenly. A batch
    // that spends an hour's money in minutes has a steep pace each night: what the hour costs must be more than usual, too.
    pace:: |||
      15 * (
        %(window)s
      ) - %(on)s %(expected)s > %(on)s %(usd)s * clamp_min(%(known)s, %(slack)s)
      and %(on)s (
        %(spent)s
      ) > %(minimum)s
      and %(on)s %(hour)s > %(on)s %(expected)s
    ||| % {
      hour: hour, window: q.indented($.over(240), 2), on: q.on([]), expected: expected, usd: q.number(c.fastUsdPerHour), slack: q.number(c.fastSlack),
      // If nothing was known then, as on the first day or after a gap, the hour has not paged.
      known: '(min %s (last_over_time(llm_cost_usd:incident[%s] offset %s)) or 0 * %s)' % [q.by([]), q.duration(3600), q.duration(900), expected],
      spent: q.indented($.over(600), 2), minimum: q.number(c.fastMinimumUsd),
    },
    paceFor:: 300,
  }
