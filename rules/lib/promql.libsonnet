// PromQL fragments shared by rules: durations at the time scale, selectors, label lists, joins.
function(config) {
  local q = self,
  local c = config,

  // duration(1800) is '30m', or '30s' at a time scale of 1/60; duration(84600) is '23h30m'.
  duration(seconds)::
    local scaled = std.floor(seconds * c.timeScale * 1000 + 0.5);
    local ms = if seconds == 0 then 0 else std.max(c.minimumSeconds * 1000, scaled);
    local part(size, all, unit) = local n = std.floor((ms % all) / size); if n > 0 then '%d%s' % [n, unit] else '';
    if ms == 0 then '0s'
    else part(86400000, ms + 1, 'd') + part(3600000, 86400000, 'h') + part(60000, 3600000, 'm')
         + part(1000, 60000, 's') + part(1, 1000, 'ms'),

  // The same as a number of seconds, for arithmetic on timestamps.
  seconds(s):: '%g' % (s * c.timeScale),

  // metric('llm_requests_total', 'reason="timeout"') selects only Tocsin's series.
  metric(name, matchers='')::
    local all = std.join(', ', std.filter(function(m) m != '', [c.selector, matchers]));
    if all == '' then name else '%s{%s}' % [name, all],

  // A threshold as text: a number, Inf for null (none), or a chart's placeholder.
  number(x):: if x == null then 'Inf' else if std.isNumber(x) then '%.10g' % x else x,

  labels(names):: std.join(', ', c.aggregationLabels + names),
  by(names):: 'by (%s)' % q.labels(names),
  on(names):: 'on (%s)' % q.labels(names),

  increase(name, window, matchers=''):: 'increase(%s[%s])' % [q.metric(name, matchers), q.duration(window)],
  sumIncrease(names, name, window, matchers='')::
    'sum %s (%s)' % [q.by(names), q.increase(name, window, matchers)],

  // What a counter rose by, its first burst included: that may stand in the first scrape already, and what a series
  // begins with is the past to increase(). So all counts that is younger than the window: of a label set, or of a whole
  // exporter for what belongs to none. Not for histograms, which may be folded to those of their route.
  counted(name, window, matchers='', bound='')::
    '%s%s and %s or %s%s' % [
      q.metric(if std.objectHas(sinceFirst, name) then sinceFirst[name] else name, matchers), bound,
      if std.member(apart, name) then q.youngExporters(window)
      else (if name in own then 'ignoring (%s) ' % std.join(', ', own[name]) else '') + '(%s > time() - %s)' % [young, q.seconds(window)],
      q.increase(name, window, matchers), bound,
    ],
  sumCounted(names, name, window, matchers='')::
    'sum %s (%s)' % [q.by(names), q.counted(name, window, matchers)],
  // The same without what stood still, dropped before it is summed: of what goes wrong nearly all does.
  sumRises(names, name, window, matchers='')::
    'sum %s (%s)' % [q.by(names), q.counted(name, window, matchers, ' > 0')],

  // Label sets and exporters that recently counted their first request, and when. Usually none, so they are cheap to query.
  local first = q.metric('llm_first_request_timestamp_seconds'),
  local young = 'instance_call:llm_first_request:young',
  local youngExporter = 'instance:llm_first_request:young',
  youngRules:: [
    { record: young, expr: '%s > 0 > time() - %s' % [first, q.seconds(7200)] },
    { record: youngExporter, expr: 'min %s (%s) > 0 > time() - %s' % [q.by(['instance']), first, q.seconds(7200)] },
  ],
  youngExporters(window):: '%s (%s > time() - %s)' % [q.on(['instance']), youngExporter, q.seconds(window)],
  // What counts the same from a label set's first request on, and has fewer series: nothing that stands at 0.
  local sinceFirst = { llm_request_failures_total: 'llm_young_request_failures_total' },
  // Labels that counters have beside those of their label set, and counters that have none of those.
  local own = {
    llm_injection_attempts_total: ['role'],
    llm_late_request_failures_total: ['reason'],
    llm_request_failures_total: ['reason'],
    llm_safety_suspected_total: ['kind'],
    llm_safety_violations_total: ['delivered', 'echoed', 'example', 'kind'],
    llm_scored_total: ['scorer'],
    llm_tokens_total: ['kind'],
    llm_unscored_total: ['reason'],
  },
  local apart = [
    'llm_consumer_tokens_total', 'llm_guard_eligible_total', 'llm_guard_scanned_total', 'llm_guard_shed_total',
    'llm_limit_breaches_total', 'llm_user_flags_total',
  ],

  // Routes of evaluation and test traffic: in no baseline and no page.
  notLive:: '%s %s' % [q.on(['route']), q.recorded('route:llm_route:info', 'traffic=~"eval|test"')],
  live(expr):: '%s unless %s' % [expr, q.notLive],

  // What happened now, once it is summed: without events that were older than ten minutes when they were counted (a
  // backlog after our own downtime). Where nothing was ever late, that series may not be there. A union, because a
  // difference would have to read the first twice. Whoever sums it lets it not fall under 0.
  fresh(names, name, late, window, bound='')::
    '(sum %s (%s) or %s)' % [
      q.by(names), q.counted(name, window, bound=bound),
      q.labelled('-1 * sum %s (%s > 0)' % [q.by(names), q.lately(late, window)], 'late', 'true'),
    ],
  // As much of what was late as increase() makes of it among the rest, and never less: else what it adds at the window's ends
  // would look like events of now. delta() extrapolates the same where nothing begins at 0. A reason that was late for
  // the first time within the window begins with what was late: all of it counts where the model was known before, and
  // a fourth more, which is what increase() adds at one scrape a minute. Where it was not, what it failed for began with
  // the same and is the past, too; so it is where the exporter itself is not new and only comes back under another address.
  lately(late, window)::
    local rise = 'delta(%s[%s])' % [q.metric(late), q.duration(window)];
    if std.objectHas(own, late) then '(1.25 * (%(late)s unless %(late)s offset %(window)s and %(on)s %(known)s offset %(window)s unless %(instance)s (%(back)s)) or %(rise)s)' % {
      late: q.metric(late), window: q.duration(window), on: q.on(['provider', 'model']),
      known: 'provider_model:llm_requests:increase5m', instance: q.on(['instance']), back: q.returned(window), rise: rise,
    } else rise,

  // Exporters that were not scraped a window ago and have counted for longer: a pod with the state of the one before it.
  returned(window):: '%(build)s unless %(on)s %(build)s offset %(window)s unless %(young)s' % {
    build: q.metric('tocsin_build_info'), on: q.on(['instance']), window: q.duration(window), young: q.youngExporters(window),
  },

  // Live traffic alone, with the tier of its route. Sum by route before: what is joined shall be few.
  tiered(expr)::
    '%s * %s group_left (tier) %s' % [
      expr, q.on(['route']), q.one(['route'], q.recorded('route:llm_route:info', 'traffic="live"')),
    ],

  // Ten minutes as a sum of what is recorded over five.
  twice(name, matchers='')::
    local now = q.recorded(name, matchers);
    '(%s or %s)' % [now, q.labelled('%s offset %s' % [now, q.duration(300)], 'before', 'true')],

  // Requests of live routes in half an hour, from what is recorded over a quarter.
  requests::
    local quarter = 'route:llm_requests:increase15m';
    'sum %s (%s or %s)' % [q.by(['route']), quarter, q.labelled('%s offset %s' % [quarter, q.duration(900)], 'before', 'true')],

  // A floor that allows one sample of slack: increase() extrapolates, and one burst of 50 is 49.99 to Prometheus 2.42
  // and 50.84 to 3.15.
  atLeast(expr, floor):: '%s > %s - 1' % [expr, q.number(floor)],

  // The threshold of each route in `vector`: the one in the exporter's configuration, otherwise the default.
  // Give a vector that is recorded: it is read for its routes alone. A missed scrape must not bring the default back, with
  // a ticket of what the route called usual.
  threshold(key, default, vector='route:llm_route:info')::
    '(max %s (last_over_time(%s[%s])) or %s group %s (%s) * %s)' % [
      q.by(['route']), q.metric('tocsin_threshold', 'name="%s"' % key), q.duration(c.scrapeGap),
      q.on(['route']), q.by(['route']), vector, q.number(default),
    ],

  // One row per route, although replicas may disagree during the rollout of a configuration: a join that found two rows
  // would fail the whole rule.
  one(names, expr):: 'topk %s (1, %s)' % [q.by(names), expr],

  // The route's owner and tier on each of its alerts; a matcher drops routes, such as those of another tier.
  ownedByRoute(expr, matcher='')::
    |||
      (
        %s
      )
      * %s group_left (owner, tier) %s
    ||| % [
      q.indented(expr, 2), q.on(['route']),
      q.one(['route'], q.recorded('route:llm_route:info', matcher)),
    ],

  ownedByModel(expr, matcher='')::
    local keys = ['provider', 'model', 'tier'];
    |||
      (
        %s
      )
      * %s group_left (owner) %s
    ||| % [
      q.indented(expr, 2), q.on(keys),
      q.one(keys, q.latest('provider_model:llm_owner:info', matcher, c.scrapeGap)),
    ],

  // Recorded series have no job, unless it is an aggregation label.
  recorded(name, matchers=''):: if matchers == '' then name else '%s{%s}' % [name, matchers],

  // The last value of a series that is recorded less often than it is read; it survives a restart of the ruler.
  latest(name, matchers='', within=900):: 'last_over_time(%s[%s])' % [q.recorded(name, matchers), q.duration(within)],

  labelled(expr, label, value):: 'label_replace(%s, "%s", "%s", "", "")' % [expr, label, value],

  indented(text, width)::
    std.strReplace(std.rstripChars(text, '\n'), '\n', '\n' + std.repeat(' ', width)),
}
