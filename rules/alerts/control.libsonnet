// Remediations, approvals and notification duties. Their metrics are planned: nothing exports them yet.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local base = { category: 'control', ownership: 'fleet' };
  local overdue(matcher) = 'time() - max %s (%s > 0) > 0' % [
    q.by(['audience']), q.metric('tocsin_notify_deadline_timestamp_seconds', matcher),
  ];
  [alert.groups('control', [
    base {
      name: 'LLMLegalNotifyOverdue',
      severity: 'page',
      metric: 'tocsin_notify_deadline_timestamp_seconds',
      threshold: 'the deadline passed without an acknowledgement',
      requirement: 'R14',
      expr: overdue('audience="legal"'),
      summary: 'Legal has not acknowledged a safety incident in time.',
      description: 'The deadline passed {{ $value | humanizeDuration }} ago. Call them.',
    },
    base {
      name: 'LLMNotifyOverdue',
      severity: 'page',
      metric: 'tocsin_notify_deadline_timestamp_seconds',
      threshold: 'the deadline passed without an acknowledgement',
      requirement: 'R14, R16',
      expr: overdue('audience!="legal"'),
      summary: '{{ $labels.audience }} has not acknowledged an incident in time.',
      description: 'The deadline passed {{ $value | humanizeDuration }} ago. Call them.',
    },
    base {
      name: 'LLMBreakerOpen',
      severity: 'ticket',
      metric: 'tocsin_breaker_state',
      threshold: 'not closed',
      requirement: 'B-13',
      'for': 300,
      keys: ['route'],
      expr: 'max %s (%s) > 0' % [q.by(['route']), q.metric('tocsin_breaker_state')],
      summary: 'The breaker of {{ $labels.route }} is open.',
      description: 'Its requests go to the fallback.' + alert.since('LLMBreakerOpen', ['route']),
    },
    base {
      name: 'LLMRemediationWorsened',
      severity: 'ticket',
      metric: 'tocsin_remediations_total{outcome="worsened"}',
      threshold: 'any',
      requirement: 'B-17',
      window: 3600,
      expr: 'sum %s (%s) > 0' % [q.by(['action']), q.increase('tocsin_remediations_total', 3600, 'outcome="worsened"')],
      summary: 'A remediation made things worse.',
      description: 'It was reverted, and automation is suspended until somebody investigates.',
      labels: { cause_hint: 'remediation' },
      action: 'ticket',
    },
    base {
      name: 'LLMApprovalPending',
      severity: 'ticket',
      metric: 'tocsin_approvals_pending',
      threshold: 'any for control.approvalFor',
      requirement: 'B-19',
      'for': config.control.approvalFor,
      expr: 'max %s (%s) > 0' % [q.by([]), q.metric('tocsin_approvals_pending')],
      summary: 'A remediation is waiting for approval.',
      description: '{{ printf "%.0f" $value }} are waiting.' + alert.since('LLMApprovalPending', []),
    },
    {
      // A ticket that its action routes to the engineering lead: on-call has its page already, and an incident of this
      // length needs a postmortem. Read from ALERTS of the same server, where the incident itself is evaluated.
      name: 'LLMIncidentUnresolved',
      severity: 'ticket',
      category: 'control',
      ownership: 'kept',
      action: 'escalate',
      keys: ['provider', 'model', 'route'],
      metric: 'ALERTS',
      threshold: 'a page of outage, quality, cost or safety that fires for control.escalateFor',
      requirement: 'E4',
      'for': config.control.escalateFor,
      expr: |||
        max %(by)s (
          label_replace(ALERTS{alertstate="firing", severity="%(page)s", category=~"%(categories)s", shadow="", drill=""}, "incident", "$1", "alertname", "(.*)")
        )
      ||| % {
        by: q.by(['incident', 'owner', 'tier', 'provider', 'model', 'route', 'kind', 'scorer']),
        page: config.severityNames.page, categories: std.join('|', config.control.escalated),
      },
      summary: '{{ $labels.incident }} is unresolved{{ with $labels.route }} on {{ . }}{{ else }}{{ with $labels.model }} on {{ $labels.provider }}/{{ . }}{{ end }}{{ end }}.',
      description: 'It has paged for more than 30 minutes. The engineering lead decides who joins, and whether to roll back.',
    },
  ], config.intervals.default)]
