// Answers that must not reach a user.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local c = config;
  local keys = ['route', 'kind'];
  local violation =
    |||
      time() - max %(by)s (
        %(last)s > 0 unless %(notLive)s
      ) < %(stays)s
    ||| % {
      by: q.by(keys),
      last: q.metric('llm_safety_last_violation_timestamp_seconds'),
      notLive: q.notLive,
      stays: q.seconds(c.safety.stays),
    };
  [
    alert.group('safety', [
      {
        name: 'LLMSafetyViolation',
        severity: 'page',
        category: 'safety',
        ownership: 'route',
        keys: keys,
        metric: 'llm_safety_last_violation_timestamp_seconds',
        threshold: 'any violation that reached a user, in the last hour',
        requirement: 'D7',
        labels: { detection: 'post_delivery' },
        expr: violation,
        // A violation pages even where nothing is known of its route.
        fallback: |||
          or %s
          (
            %s
          )
        ||| % [q.on(keys), q.indented('(' + violation + ') unless ' + q.on(['route']) + ' route:llm_route:info', 2)],
        summary: 'An answer of {{ $labels.route }} with a {{ $labels.kind }} violation reached a user.',
        description: 'The last one was {{ $value | humanizeDuration }} ago. Block the output first; no model, prompt or routing is changed automatically. Legal and communications must know within 30 minutes.' + alert.affected(['route']),
      },
    ], c.intervals.safety),
  ]
