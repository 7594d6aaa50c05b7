// Who hears of what: one tree, compiled to an Alertmanager configuration and to an AlertmanagerConfig.
//
// Receivers by category and severity stand in taxonomy.libsonnet. A tree entry is
//   { matchers: [[label, operator, value]], receiver, continue, timing... }
// and nothing here mutes by time: legal and communications are told whatever the hour.
{
  local c = $._config,
  local r = c.routing,
  local names = c.severityNames,
  local q = (import '../lib/promql.libsonnet')(c),

  // Fleets that rules keep apart are kept apart here, too.
  local timed(labels, wait, interval, repeat) = {
    group_by: c.aggregationLabels + labels, group_wait: q.duration(wait), group_interval: q.duration(interval), repeat_interval: q.duration(repeat),
  },
  local timing = {
    safety: timed([], 0, 60, 3600) { group_by: ['...'] },
    page: timed(['alertname', 'category', 'owner', 'provider', 'model', 'route'], 10, 60, 3600),
    ticket: timed(['alertname', 'category', 'owner'], 60, 1800, 86400),
    // Repeated at each turn of its group: Alertmanager looks at repeat_interval then alone, and skips a turn that comes a
    // moment before it.
    heartbeat: timed(['alertname', 'category', 'owner'], 0, 60, 50),
  },

  // One entry a receiver; all but the last of them let the alert go on.
  local fan(matchers, receivers, settings) = [
    settings { matchers: matchers, receiver: receivers[i], 'continue': i < std.length(receivers) - 1 }
    for i in std.range(0, std.length(receivers) - 1)
  ],
  local orNone(receivers) = if receivers == [] then ['null'] else receivers,

  local category(name) = [['category', '=', name]],
  local ours = [['category', '=~', std.join('|', std.objectFields(c.categories))]],
  local severity(name) = [['severity', '=', names[name]]],
  local dull = [['severity', '!~', names.ticket + '|' + names.info]],

  local tree =
    // kube-prometheus-stack's helper bears the labels of our info alerts, and is for nobody to hear.
    [timing.ticket { matchers: [['alertname', '=', 'InfoInhibitor']], receiver: 'null', 'continue': false }]
    + [timing.heartbeat { matchers: [['alertname', '=', 'TocsinDeadMansSwitch']], receiver: r.deadMansSwitchReceiver, 'continue': false }]
    // A category in shadow is seen by nobody but the one who tries it out.
    + fan([['shadow', '=', 'true']], ['review'], timing.ticket)
    // Still firing after half an hour: the engineering lead hears of it, and so does everybody else.
    + [timing.page { matchers: [['action', '=', 'escalate']], receiver: 'engineering-lead', 'continue': true }]
    // Safety first, and alone: no waiting, no grouping. What is neither ticket nor info is a page.
    + fan(category('safety') + dull, [if x == 'oncall' then r.safetyReceiver else x for x in c.receivers.safety.page], timing.safety)
    + fan(category('safety') + severity('ticket'), c.receivers.safety.ticket, timing.ticket)
    // An outage is told where the team's outages are told today, too, whoever owns the model.
    + (if r.outageReceiver == '' then [] else
         [timing.page { matchers: category('outage') + severity('page'), receiver: r.outageReceiver, 'continue': true }])
    // Owners who carry a pager of their own get their pages instead of on-call; who else hears of a category still does.
    + std.flatMap(
      function(owner)
        local pages = [['owner', '=', owner]] + severity('page');
        [
          timing.page { matchers: category(name) + pages, receiver: receiver, 'continue': true }
          for name in std.objectFields(c.categories) if name != 'safety'
          for receiver in c.receivers[name].page if receiver != 'oncall'
        ] + [timing.page { matchers: pages, receiver: r.owners[owner], 'continue': false }],
      std.objectFields(r.owners)
    )
    + std.flatMap(
      function(name)
        fan(category(name) + severity('page'), c.receivers[name].page, timing.page)
        + fan(category(name) + severity('ticket'), orNone(c.receivers[name].ticket), timing.ticket),
      [name for name in std.objectFields(c.categories) if name != 'safety']
    )
    + [timing.ticket { matchers: ours + severity('info'), receiver: 'null', 'continue': false }],

  // A louder alert silences a quieter one about the same thing of the same fleet. Every label in `equal` must be there:
  // two alerts that both lack it would match, and mute what has nothing to do with them. Safety is never a target.
  local inhibition(source, target, labels) =
    local equal = c.aggregationLabels + labels;
    local present = [[label, '=~', '.+'] for label in equal];
    {
      source: source + present,
      target: target + [['category', '!=', 'safety']] + present,
      equal: equal,
    },
  local named(alerts) = [['alertname', if std.length(std.findSubstr('|', alerts)) > 0 then '=~' else '=', alerts]],
  local inhibitions = [
    inhibition(named('LLMQualityScoreDropped'), named('LLMQualityScoreSlipping|LLMBadAnswers'), ['route', 'scorer']),
    inhibition(named('LLMFormatBroken'), named('LLMFormatComplianceLow'), ['route']),
    inhibition(named('LLMNoSuccess|LLMRequestsFailing') + severity('page'), named('LLMErrorBudgetBurning|LLMRateLimited|LLMLatencyHigh|LLMDurationHigh'), ['provider', 'model']),
    inhibition(named('LLMCostRisingFast'), named('LLMCostAnomaly'), []),
    inhibition(named('LLMTokensPerRequestHigh'), named('LLMCostPerRequestHigh'), ['route']),
    inhibition(named('TocsinAbsent'), category('exporter') + severity('ticket'), []),
  ],

  local used = std.set([entry.receiver for entry in tree] + ['oncall', 'legal', 'comms', 'product', 'tickets', 'engineering-lead', 'review', 'null', r.defaultReceiver]),
  // A misspelt name would leave the right one empty, and nobody told.
  local strangers = std.setDiff(std.set(std.objectFields(r.receivers) + std.objectFields(r.operatorReceivers)), used),
  // What goes to on-call may be a safety page, which a machine must never resolve. To what waits for a sign of life, the
  // resolution of a dead Prometheus would be one.
  local quiet = std.set([r.safetyReceiver, 'legal', 'comms', r.deadMansSwitchReceiver]),
  local integrations(name) =
    local given = if std.objectHas(r.receivers, name) then r.receivers[name] else {};
    std.mapWithKey(
      function(kind, entries) [(if std.member(quiet, name) then { send_resolved: false } else {}) + entry for entry in entries],
      given
    ),

  local text(matcher) = '%s%s"%s"' % [matcher[0], matcher[1], matcher[2]],
  assert strangers == [] : 'routing.receivers: %s gets no alerts; there are %s' % [std.join(', ', strangers), std.join(', ', std.set(used + ['heartbeat']))],
  alertmanager:: {
    global: r.global,
    templates: r.templates,
    route: timing.page {
      receiver: r.defaultReceiver,
      routes: [entry { matchers: [text(m) for m in entry.matchers] } for entry in tree],
    },
    inhibit_rules: [
      { source_matchers: [text(m) for m in rule.source], target_matchers: [text(m) for m in rule.target], [if rule.equal != [] then 'equal']: rule.equal }
      for rule in inhibitions
    ],
    receivers: [{ name: name } + integrations(name) for name in used],
  },

  // No matchType means equal, and a bare = is not YAML that every parser takes.
  local object(matcher) = { name: matcher[0], [if matcher[1] != '=' then 'matchType']: matcher[1], value: matcher[2] },
  local camel = { group_by: 'groupBy', group_wait: 'groupWait', group_interval: 'groupInterval', repeat_interval: 'repeatInterval' },
  local operated(entry) = { [if std.objectHas(camel, key) then camel[key] else key]: entry[key] for key in std.objectFields(entry) },
  // The operator adds a matcher on the namespace of this resource, so alerts carry that label (the chart sets it), and
  // its receivers are its own objects: name them in `operatorReceivers`. Other alerts of the namespace (a pod that
  // restarts) are none of ours: without the matcher here they would fall to the default receiver, which is on-call.
  alertmanagerConfig:: {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'AlertmanagerConfig',
    metadata: { name: 'tocsin' },
    spec: {
      route: operated(timing.page) {
        receiver: r.defaultReceiver,
        matchers: [object(m) for m in ours],
        routes: [operated(entry) { matchers: [object(m) for m in entry.matchers] } for entry in tree],
      },
      inhibitRules: [
        { sourceMatch: [object(m) for m in rule.source], targetMatch: [object(m) for m in rule.target], [if rule.equal != [] then 'equal']: rule.equal }
        for rule in inhibitions
      ],
      receivers: [{ name: name } + (if std.objectHas(r.operatorReceivers, name) then r.operatorReceivers[name] else {}) for name in used],
    },
  },
}
