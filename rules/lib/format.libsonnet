// Format compliance by route.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.format;
  local ratio = 'route:llm_format_window:ratio';
  local lately = q.latest(ratio, within=config.scrapeGap);
  local latch = 'route:llm_format_window:incident';
  local route = ['route'];
  local failed = 'route:llm_format_failed:ratio30m';
  local mostly = '(1 - %s)' % q.number(c.brokenRatio);
  local minimum = q.threshold('format.minimumRatio', c.minimumRatio, ratio);
  local resolve = q.threshold('format.resolveRatio', c.resolveRatio, ratio);
  local total(name) = 'sum %s (%s)' % [q.by(route), q.metric(name)];
  {
    window:: total('llm_format_window_calls'),
    full:: '%s >= %d' % [$.window, c.windowCalls],
    ratio:: q.live('%s\n/ (%s)' % [total('llm_format_window_compliant'), $.full]),
    // 1 once the ratio was below the minimum for ten minutes, until it is above the one that resolves; then 0 for an hour,
    // so that the last state is known; absent if there never was one.
    latch:: |||
      group %(by)s (
        (max_over_time(%(ratio)s[%(for)s]) < %(on)s %(minimum)s and %(ratio)s offset %(for)s)
        or
        (%(ratio)s < %(on)s %(resolve)s and %(on)s (last_over_time(%(latch)s[%(stale)s]) == 1))
      )
      or 0 * (%(ratio)s and %(on)s max_over_time(%(latch)s[%(remembered)s]) == 1)
    ||| % {
      by: q.by(route), on: q.on(route), ratio: ratio, latch: latch, minimum: minimum, resolve: resolve,
      'for': q.duration(c['for']), stale: q.duration(900), remembered: q.duration(3600),
    },
    // Below the minimum, or not yet resolved; and the format still fails. A missed scrape does not restart the ten minutes.
    low:: |||
      (
        %(ratio)s < %(on)s %(minimum)s
        or
        (%(ratio)s and %(on)s (%(latch)s == 1))
      )
      and %(on)s %(failures)s
    ||| % {
      ratio: lately, latch: latch, on: q.on(route), minimum: q.threshold('format.minimumRatio', c.minimumRatio, lately),
      failures: q.sumRises(route, 'llm_format_failures_total', 1800),
    },

    // The share that failed of a minimum number, if it is above a limit.
    failed(window, checks, share):: '%s\n/ (%s) > %s' % [
      q.sumRises(route, 'llm_format_failures_total', window),
      q.atLeast(q.sumCounted(route, 'llm_format_checks_total', window), checks), share,
    ],
    // Most of many answers in ten minutes will soon be most of half an hour: this pages before the window of 1,000 calls
    // does, whose page it then inhibits.
    broken:: q.live('(%s > %s\nor %s)' % [failed, mostly, $.failed(600, c.brokenSoonCalls, mostly)]),
  }
