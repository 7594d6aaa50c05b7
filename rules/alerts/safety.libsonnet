// Answers that must not reach a user, and the guard that should stop them.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local surges = (import '../lib/surges.libsonnet')(config);
  local c = config.safety;
  local route = ['route'];
  local kind = ['route', 'kind'];
  local window = c.window;
  local surging(spec, events) = spec + {
    category: 'safety',
    severity: 'ticket',
    ownership: 'route',
    keys: events.keys,
    window: window,
    expr: surges.breach(events),
  };
  local violation =
    // A missed scrape, or a restart of the exporter, must not resolve a violation and page for it again.
    local lately(expr) = 'max_over_time(%s[%s])' % [expr, q.duration(config.scrapeGap)];
    |||
      time() - max %(by)s (
        %(last)s > 0 > time() - %(stays)s
        unless %(on)s %(test)s
      ) < %(stays)s
    ||| % {
      by: q.by(kind),
      on: q.on(['instance', 'route']),  // a test value of another exporter mutes no violation
      last: lately(q.metric('llm_safety_last_violation_timestamp_seconds')),
      test: lately(q.metric('llm_route_info', 'traffic=~"eval|test"')),
      stays: q.seconds(c.stays),
    };
  local eligible(seconds) = q.sumCounted(route, 'llm_guard_eligible_total', seconds);
  local scanned(seconds) = q.sumCounted(route, 'llm_guard_scanned_total', seconds);
  [
    alert.groups('safety', [
      {
        name: 'LLMSafetyViolation',
        severity: 'page',
        category: 'safety',
        ownership: 'route',
        keys: kind,
        metric: 'llm_safety_last_violation_timestamp_seconds',
        threshold: 'one violation that reached a user; stays for safety.stays',
        requirement: 'D1, D2, D4, D7',
        labels: { detection: 'post_delivery' },
        expr: violation,
        // A violation pages even if nothing is known about its route.
        fallback: |||
          (
            %s
          )
          unless %s route:llm_route:info
        ||| % [q.indented(violation, 2), q.on(route)],
        summary: 'An answer of {{ $labels.route }} with a {{ $labels.kind }} violation reached a user.',
        description: 'The last one was {{ $value | humanizeDuration }} ago. Block such answers first; no model, prompt or routing is changed automatically. Notify legal and communications within 30 minutes.' + alert.affected(kind, 'llm_safety_violations_total', 'delivered="true", echoed="false", example="false"'),
      },
    ], config.intervals.safety),
    alert.groups('guard', [
      {
        name: 'LLMGuardDown',
        severity: 'page',
        category: 'safety',
        ownership: 'route',
        keys: route,
        metric: 'llm_guard_eligible_total, llm_guard_scanned_total',
        threshold: 'guarded answers (at least safety.guardMinimumCalls in 10 minutes), none of them scanned by the guard',
        requirement: 'D6',
        window: 600,
        'for': c.guardDownFor,
        keepFiringFor: 300,
        labels: { detection: 'inline' },
        expr: q.live('(%s and %s (%s == 0))' % [q.atLeast(eligible(600), c.guardMinimumCalls), q.on(route), scanned(600)]),
        summary: 'The guard scans no answers of {{ $labels.route }}.',
        description: '{{ printf "%.0f" $value }} answers of the last 10 minutes reached users unchecked.' + alert.since('LLMGuardDown', route),
      },
    ], config.intervals.default),
    alert.groups('safety-surges', [
      surging({
        name: 'LLMSafetySuspectedSurge',
        metric: 'llm_safety_suspected_total',
        threshold: 'at least safety.surgeMinimum and over safety.suspectedRatio of requests and safety.surgeFactor x the usual share',
        requirement: 'D3',
        labels: { detection: 'post_delivery' },
        summary: 'Many answers of {{ $labels.route }} are suspected of {{ $labels.kind }}.',
        description: '{{ printf "%.0f" $value }} suspected findings in the last 30 minutes await human review.',
      }, surges.suspected),
      surging({
        name: 'LLMInjectionSurge',
        metric: 'llm_injection_attempts_total',
        threshold: 'at least safety.surgeMinimum and over safety.injectionRatio of requests and safety.surgeFactor x the usual share',
        requirement: 'B-28, C7',
        labels: { detection: 'post_delivery', cause_hint: 'prompt_injection' },
        summary: 'Prompt injection attempts on {{ $labels.route }}.',
        description: '{{ printf "%.0f" $value }} attempts in the last 30 minutes. An attempt is not a violation: check whether any succeeded.',
      }, surges.injection),
      surging({
        name: 'LLMBlockedSurge',
        metric: 'llm_request_failures_total{reason=~"blocked_.*"}, llm_content_filtered_total',
        threshold: 'at least safety.surgeMinimum and over safety.blockedRatio of requests and safety.surgeFactor x the usual share',
        requirement: 'R12',
        labels: { detection: 'inline' },
        summary: 'Many requests of {{ $labels.route }} are blocked.',
        description: '{{ printf "%.0f" $value }} requests of the last 30 minutes were blocked by a guardrail or the provider: an attack, or a faulty guardrail.',
      }, surges.blocked),
      {
        name: 'LLMUserFlags',
        severity: 'ticket',
        category: 'safety',
        ownership: 'route',
        keys: ['route', 'reason'],
        metric: 'llm_user_flags_total',
        threshold: 'at least safety.userFlags in an hour',
        requirement: 'D5',
        window: 3600,
        labels: { detection: 'post_delivery' },
        expr: q.live('(%s)' % q.atLeast(q.sumRises(['route', 'reason'], 'llm_user_flags_total', 3600), c.userFlags)),
        summary: 'Users flag answers of {{ $labels.route }} as {{ $labels.reason }}.',
        description: '{{ printf "%.0f" $value }} flags in the last hour.',
      },
      {
        name: 'LLMGuardCoverageLow',
        severity: 'ticket',
        category: 'safety',
        ownership: 'route',
        keys: route,
        metric: 'llm_guard_scanned_total, llm_guard_eligible_total',
        threshold: 'under safety.guardCoverage of at least safety.guardMinimumCalls answers',
        requirement: 'D6',
        window: window,
        'for': 600,
        labels: { detection: 'inline' },
        expr: q.live(|||
          (
            (%(scanned)s - (%(shed)s or 0 * %(scanned)s))
            / (%(eligible)s)
            < %(coverage)s
          )
        ||| % {
          scanned: scanned(window),
          shed: q.sumCounted(route, 'llm_guard_shed_total', window),
          eligible: q.atLeast(eligible(window), c.guardMinimumCalls),
          coverage: q.number(c.guardCoverage),
        }),
        summary: 'Answers of {{ $labels.route }} bypass the guard.',
        description: 'The guard scanned {{ $value | humanizePercentage }} of the answers that it should have scanned in the last 30 minutes.',
      },
    ], config.intervals.tickets),
    // A day of counters is expensive to read.
    alert.groups('guard-reviews', [
      {
        name: 'LLMGuardFalsePositives',
        severity: 'ticket',
        category: 'safety',
        ownership: 'route',
        keys: route,
        metric: 'llm_guard_false_positives_total, llm_guard_requests_total',
        threshold: 'at least safety.falsePositiveMinimum and over safety.falsePositiveRatio of the answers blocked or redacted in a day',
        requirement: 'B-7, B-27',
        window: 86400,
        labels: { detection: 'inline' },
        expr: q.live(|||
          (
            (%(wrong)s)
            / %(blocked)s
            > %(ratio)s
          )
        ||| % {
          wrong: q.atLeast(q.sumIncrease(route, 'llm_guard_false_positives_total', 86400), c.falsePositiveMinimum),
          blocked: q.sumIncrease(route, 'llm_guard_requests_total', 86400, 'verdict=~"block|redact"'),
          ratio: q.number(c.falsePositiveRatio),
        }),
        summary: 'The guard of {{ $labels.route }} blocks acceptable answers.',
        description: 'Reviewers marked {{ $value | humanizePercentage }} of the answers that it blocked or redacted in a day as false positives.',
      },
    ], config.intervals.week),
  ]
