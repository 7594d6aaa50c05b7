// The factory of alerts: whatever every alert must have is a required argument here, or derived from the others.
function(config) {
  local q = (import 'promql.libsonnet')(config),
  local c = config,

  local dashboards = {
    outage: 'tocsin-outage',
    quality: 'tocsin-quality',
    cost: 'tocsin-cost',
    safety: 'tocsin-safety',
    change: 'tocsin-overview',
    control: 'tocsin-incident',
    exporter: 'tocsin-exporter',
  },
  local variables = c.aggregationLabels + ['provider', 'model', 'route', 'scorer', 'consumer', 'kind'],
  local actions = { page: 'page', ticket: 'ticket', info: 'none' },
  // The group of rules that are not part of their alert's group.
  local elsewhere = '-elsewhere',
  local unknown = '-unknown',

  // rules({...}) is a list: an alert that pages becomes a pair, a page for tier prod and a ticket of the same name for
  // every other tier, because `severity` is a static label that routing and inhibition can rely on.
  //
  //   ownership  'route': joined by route; 'model': by provider, model and tier; 'fleet': the platform owner's;
  //              'kept': the expression has owner and tier
  //   keys       labels that the expression keeps; they fill dashboard_url
  rules(alert)::
    local a = {
      name: error 'an alert needs a name',
      severity: error '%s needs a severity' % self.name,
      category: error '%s needs a category' % self.name,
      summary: error '%s needs a summary' % self.name,
      description: error '%s needs a description' % self.name,
      expr: error '%s needs an expression' % self.name,
      ownership: error '%s needs an ownership' % self.name,
      metric: error '%s needs its metric, for the table' % self.name,
      threshold: error '%s needs its threshold in words, for the table' % self.name,
      requirement: error '%s needs its row of the requirements' % self.name,
      keys: [],
      'for': 0,
      keepFiringFor: 0,
      action: actions[self.severity],
      labels: {},
      // The expression of a second page: rows that no join may lose, evaluated once a minute.
      fallback: null,
      // false if the expression itself selects the routes to page for.
      twin: true,
    } + alert;
    assert std.member(c.severities, a.severity) : '%s: no such severity: %s' % [a.name, a.severity];
    assert std.objectHas(c.categories, a.category) : '%s: no such category: %s' % [a.name, a.category];

    local shown = std.filter(function(label) std.member(c.aggregationLabels + a.keys, label), variables);
    // An alert about other alerts has their labels: an empty variable would show an empty dashboard.
    local links =
      if a.ownership == 'kept' then
        'from=now-6h&to=now' + std.join('', ['{{ with $labels.%s }}&var-%s={{ . | urlquery }}{{ end }}' % [label, label] for label in shown])
      else std.join('&', ['var-%s={{ $labels.%s | urlquery }}' % [label, label] for label in shown]);
    local rule(severity, expr, place='') = {
      alert: a.name,
      expr: expr,
      [if a['for'] > 0 then 'for']: q.duration(a['for']),
      [if a.keepFiringFor > 0 then 'keep_firing_for']: q.duration(a.keepFiringFor),
      labels: {
        severity: c.severityNames[severity],
        category: a.category,
        action: if severity == a.severity then a.action else actions[severity],
        [if a.category == 'safety' then 'priority']: 'P0',
        [if c.shadow[a.category] then 'shadow']: 'true',
        [if a.ownership == 'fleet' then 'owner']: c.platformOwner,
        [if a.ownership == 'fleet' then 'tier']: 'prod',
        [if place == unknown then 'owner']: c.defaultOwner,
        [if place == unknown then 'tier']: 'prod',
      } + a.labels + c.extraLabels,
      annotations: {
        summary: a.summary,
        description: a.description,
        runbook_url: c.runbookUrl % a.name,
        dashboard_url: (c.dashboardUrl % dashboards[a.category]) + (if links == '' then '' else '?' + links),
      } + c.extraAnnotations,
      place:: place,
    };
    local owned(matcher) =
      if a.ownership == 'route' then q.ownedByRoute(a.expr, matcher)
      else if a.ownership == 'model' then q.ownedByModel(a.expr, matcher)
      else a.expr;
    if std.member(['fleet', 'kept'], a.ownership) || a.severity != 'page' || !a.twin then
      [rule(a.severity, owned(''))]
    else
      [
        rule('page', owned('tier="prod"')),
        rule('ticket', owned('tier!="prod"'), elsewhere),
      ] + (if a.fallback == null then [] else [rule('page', a.fallback, unknown)]),

  // One row of the generated table.
  local row(alert) = {
    category: alert.category,
    alert: alert.name,
    metric: alert.metric,
    threshold: alert.threshold,
    window: std.join(', ', std.filter(function(text) text != '', [
      if std.objectHas(alert, 'window') then 'over ' + q.duration(alert.window) else '',
      if std.objectHas(alert, 'for') then 'for ' + q.duration(alert['for']) else '',
    ])),
    severity: alert.severity,
    receivers: (if std.get(alert, 'action', '') == 'escalate' then ['engineering-lead'] else []) + c.receivers[alert.category][alert.severity],
    requirement: alert.requirement,
  },

  // groups(...) is a list: tickets of tiers other than prod are not as urgent as pages, and have their own group.
  groups(name, alerts, interval)::
    local rules = std.flatMap($.rules, alerts);
    local group(place, seconds) = {
      name: 'tocsin-' + name + place,
      interval: q.duration(seconds),
      rules: std.filter(function(r) r.place == place, rules),
      rows:: if place == '' then std.map(row, alerts) else [],
    };
    std.filter(function(g) g.rules != [], [
      group('', interval),
      group(unknown, std.max(interval, c.intervals.default)),
      group(elsewhere, std.max(interval, c.intervals.tickets)),
    ]),

  // Sentences for descriptions. Each queries Prometheus when it is rendered, and is empty without a result.
  local selected(keys) = std.join(', ', ['%s=%%[%d]q' % [keys[i], i + 1] for i in std.range(0, std.length(keys) - 1)]),
  local values(keys) = std.join(' ', ['$labels.%s' % key for key in keys]),
  asked(query, keys, text)::
    if keys == [] then '{{ with query `%s` }}%s{{ end }}' % [query, text]
    else '{{ with printf `%s` %s | query }}%s{{ end }}' % [query, values(keys), text],

  since(name, keys)::
    $.asked(
      'time() - max(ALERTS_FOR_STATE{%s})' % std.join(', ', std.filter(function(m) m != '', ['alertname="%s"' % name, selected(keys)])),
      keys, ' Ongoing for {{ . | first | value | humanizeDuration }}.'
    ),

  // The affected requests: all of them, unless a counter is given.
  affected(keys, metric='llm_requests_total', matchers='')::
    $.asked(
      'sum(%s) > 0' % q.counted(metric, 3600, (if matchers == '' then '' else matchers + ', ') + selected(keys)),
      keys, ' Affected: {{ . | first | value | printf "%%.0f" }} requests in the last %s.' % q.duration(3600)
    ),

  // Recent changes that may be the cause: the model behind a name and, for a route, its prompt and the models that it
  // uses. For an exporter that lost its state all of these are recent, so it reports none.
  changes(keys)::
    local where = selected(keys), within = q.duration(6 * 3600);
    local changed(labels, info, changes, joined) = 'max by (%s) (%s == 1 and on (%s) increase(%s[%s]) > 0)' % [
      labels, q.metric(info, where), joined, q.metric(changes, where), within,
    ];
    local said(query, text) = '{{ range printf `%s` %s | query }}%s{{ end }}' % [query, values(keys), text];
    said(
      changed('model, served, fingerprint', 'llm_model_info', 'llm_model_changes_total', 'provider, model, route'),
      ' {{ .Labels.model }} is served by {{ .Labels.served }}{{ with .Labels.fingerprint }} ({{ . }}){{ end }}, changed in the last %s.' % within
    ) + (
      if keys != ['route'] then '' else
        local met = q.metric('llm_first_request_timestamp_seconds', where), ago = q.seconds(6 * 3600);
        local before = '(%s < time() - %s)' % [met, ago];
        said(
          changed('name, version', 'llm_prompt_info', 'llm_prompt_changes_total', 'route, name'),
          ' Its prompt {{ .Labels.name }} changed to version {{ .Labels.version }} in the last %s.' % within
        ) + said(
          'time() - min by (model) (%s > 0) < %s unless on (model) %s and on () %s' % [met, ago, before, before],
          ' It first used {{ .Labels.model }} {{ .Value | humanizeDuration }} ago.'
        )
    ),

  // From recorded series: it is queried once for each alert, and an incident may have hundreds.
  topConsumer::
    '{{ with query `topk(1, sum by (consumer) (consumer:llm_consumer_tokens:increase1h))` }} Top consumer: {{ . | first | label "consumer" }}.{{ end }}',
}
