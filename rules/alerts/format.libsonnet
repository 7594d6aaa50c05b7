// Answers that are not in the expected format. Category quality.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local format = (import '../lib/format.libsonnet')(config);
  local c = config.format;
  local base = { category: 'quality', ownership: 'route', keys: ['route'] };
  [alert.groups('format', [
    base {
      name: 'LLMFormatComplianceLow',
      severity: 'page',
      metric: 'llm_format_window_compliant, llm_format_window_calls',
      threshold: 'under format.minimumRatio of exactly 1,000 calls, with a failure in 30 m; resolves above format.resolveRatio',
      requirement: 'B3, B8',
      'for': c['for'],
      keepFiringFor: 300,
      expr: format.low,
      summary: 'Answers of {{ $labels.route }} are not in the requested format.',
      description: '{{ $value | humanizePercentage }} of the last 1,000 answers comply.' + alert.changes(['route']) + alert.since('LLMFormatComplianceLow', ['route']) + alert.affected(['route'], 'llm_format_failures_total'),
    },
    base {
      name: 'LLMFormatBroken',
      severity: 'page',
      metric: 'llm_format_failures_total, llm_format_checks_total',
      threshold: 'under format.brokenRatio of at least format.brokenMinimumCalls, or of format.brokenSoonCalls in 10 m',
      requirement: 'B3',
      window: 1800,
      // It inhibits the page for 1,000 calls, which ends half an hour after the last failure: one break is one page.
      keepFiringFor: 1500,
      expr: format.broken,
      summary: 'Most answers of {{ $labels.route }} are not in the requested format.',
      description: '{{ $value | humanizePercentage }} of the answers of the last 10 or 30 minutes fail the format check.' + alert.changes(['route']) + alert.since('LLMFormatBroken', ['route']) + alert.affected(['route'], 'llm_format_failures_total'),
    },
    base {
      name: 'LLMFormatWarmingUp',
      severity: 'info',
      metric: 'llm_format_window_calls',
      threshold: 'fewer than 1,000 checks',
      requirement: 'B8',
      expr: q.live('(%s > 0 < %d)' % [format.window, c.windowCalls]),
      summary: '{{ $labels.route }} has too few format checks yet.',
      description: '{{ printf "%.0f" $value }} of the 1,000 checks needed.',
    },
  ], config.intervals.slow)]
