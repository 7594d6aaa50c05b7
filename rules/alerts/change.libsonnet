// Changes of a model, a prompt or a baseline, which may explain another alert.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local calls = ['provider', 'model', 'route'];
  local base = { category: 'change', severity: 'info', ownership: 'route' };
  [alert.groups('change', [
    base {
      name: 'LLMModelChanged',
      keys: calls,
      metric: 'llm_model_changes_total',
      threshold: 'any change of the served model or its fingerprint',
      requirement: 'R4',
      window: 3600,
      expr: q.live('(sum %s (%s) > 0)' % [q.by(calls), q.increase('llm_model_changes_total', 3600)]),
      summary: '{{ $labels.model }} is served to {{ $labels.route }} by a different model.',
      description: 'It changed in the last hour.' + alert.changes(calls),
    },
    base {
      name: 'LLMPromptChanged',
      keys: ['route', 'name'],
      metric: 'llm_prompt_changes_total',
      threshold: 'any change of version or checksum',
      requirement: 'R8, P1',
      window: 3600,
      expr: q.live('(sum %s (%s) > 0)' % [q.by(['route', 'name']), q.increase('llm_prompt_changes_total', 3600)]),
      summary: 'The prompt {{ $labels.name }} of {{ $labels.route }} changed.',
      description: 'Its version or checksum changed in the last hour.',
    },
    base {
      name: 'LLMBaselineChanged',
      keys: ['route'],
      metric: 'llm_baseline_info',
      threshold: 'a different accepted baseline than a day ago',
      requirement: 'B7',
      window: config.baseline.handover,
      expr: q.live(|||
        (
          group %(by)s (%(info)s unless %(onId)s last_over_time(%(info)s[%(hour)s] offset %(day)s))
          and %(on)s last_over_time(%(info)s[%(hour)s] offset %(day)s)
        )
      ||| % {
        by: q.by(['route', 'baseline']), info: q.metric('llm_baseline_info'), on: q.on(['route']),
        onId: q.on(['route', 'baseline']), hour: q.duration(3600), day: q.duration(config.baseline.handover - 3600),
      }),
      summary: '{{ $labels.route }} is learning the new baseline {{ $labels.baseline }}.',
      description: 'The old one stays in effect for 24 hours.',
    },
  ], config.intervals.tickets)]
