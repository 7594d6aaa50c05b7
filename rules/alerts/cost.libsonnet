// More money or tokens than expected.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local signals = (import '../lib/signals.libsonnet')(config);
  local spending = (import '../lib/spending.libsonnet')(config);
  local c = config.cost;
  local t = config.tokens;
  local route = ['route'];
  local calls = ['provider', 'model', 'route'];
  local model = ['provider', 'model'];
  local fleet = { category: 'cost', ownership: 'fleet' };
  local byRoute = { category: 'cost', ownership: 'route', keys: route };
  // Possible reasons for the spending. A changed label is another alert: so loops count for longer than the hour over
  // which money is summed, and single injection attempts, which occur at any time, do not count.
  local sum(metric, window) = 'sum(%s)' % q.increase(metric, window);
  local hint = '{{ if query `%s` }}agent_loop{{ else if query `%s` }}prompt_injection{{ else }}load{{ end }}' % [
    sum('llm_session_loops_total', 7200) + ' > 0',
    '%s > %s * %s > %s' % [
      sum('llm_injection_attempts_total', 7200), q.number(config.safety.injectionRatio), sum('llm_requests_total', 7200),
      q.number(config.safety.surgeMinimum),
    ],
  ];
  local consumers = 'consumer:llm_consumer_tokens:increase1h';
  local outliers = q.sumRises(calls, 'llm_token_outliers_total', 900);
  [
    alert.groups('cost', [
      fleet {
        name: 'LLMCostAnomaly',
        severity: 'page',
        metric: 'llm_cost_usd_total',
        threshold: 'over cost.usdPerHour and cost.riseRatio above expected',
        requirement: 'E1, C2',
        window: 3600,
        action: 'throttle',
        labels: { cause_hint: hint },
        keepFiringFor: 600,
        expr: spending.excess,
        summary: 'Spending is higher than expected.',
        description: '${{ printf "%.2f" $value }} more than expected were spent in the last hour.' + alert.topConsumer + alert.since('LLMCostAnomaly', []),
      },
      fleet {
        name: 'LLMCostRisingFast',
        severity: 'page',
        metric: 'llm_cost_usd_total',
        threshold: 'pace over cost.fastUsdPerHour above expected, cost.fastMinimumUsd spent in 10 m',
        requirement: 'E1',
        window: 240,
        'for': spending.paceFor,
        action: 'throttle',
        // It inhibits LLMCostAnomaly, whose window contains the rise for an hour: one rise is one page.
        keepFiringFor: 3600,
        expr: spending.pace,
        summary: 'Spending is rising steeply.',
        description: 'At the current rate, spending is ${{ printf "%.0f" $value }} an hour higher than expected.' + alert.topConsumer + alert.since('LLMCostRisingFast', []),
      },
      fleet {
        name: 'LLMCostCeilingExceeded',
        severity: 'page',
        metric: 'llm_cost_usd_total',
        threshold: 'over cost.ceilingPerHour, where it is set',
        requirement: 'E1',
        window: 3600,
        action: 'throttle',
        keepFiringFor: 600,
        expr: 'llm_cost_usd:increase1h > %s' % q.number(c.ceilingPerHour),
        summary: 'Spending exceeds its ceiling.',
        description: '${{ printf "%.2f" $value }} were spent in the last hour.' + alert.topConsumer + alert.since('LLMCostCeilingExceeded', []),
      },
    ], config.intervals.cost),
    alert.groups('cost-outliers', [
      byRoute {
        name: 'LLMTokenOutliersExcess',
        severity: 'page',
        metric: 'llm_token_outliers_total, llm_requests_total',
        threshold: 'over tokens.outlierExcessFactor x the usual share and tokens.outlierExcessRatio; at least tokens.outlierExcessMinimum',
        requirement: 'C6',
        window: config.quality.window,
        'for': 300,
        action: 'throttle',
        keepFiringFor: 600,
        expr: signals.breachNow(signals.token_outlier, t.outlierExcessMinimum),
        summary: '{{ $labels.route }} has far more outsized requests than usual.',
        description: '{{ $value | humanizePercentage }} of the requests of the last 30 minutes used more than three times the p95 of tokens of similar requests.' + alert.topConsumer + alert.affected(route, 'llm_token_outliers_total'),
      },
    ], config.intervals.slow),
    alert.groups('cost-slow', [
      byRoute {
        name: 'LLMTokensPerRequestHigh',
        severity: 'ticket',
        metric: 'llm_request_tokens',
        threshold: 'over tokens.perRequestFactor x the baseline; at least quality.minimumCalls',
        requirement: 'C1, C4',
        window: config.quality.window,
        'for': 900,
        keepFiringFor: 3600,
        expr: signals.breach(signals.tokens_per_request),
        summary: 'Requests of {{ $labels.route }} use more tokens than before.',
        description: '{{ printf "%.0f" $value }} tokens per request in the last 30 minutes, independent of the number of requests.' + alert.topConsumer,
      },
      byRoute {
        name: 'LLMCostPerRequestHigh',
        severity: 'ticket',
        metric: 'llm_cost_usd_total, llm_requests_total',
        threshold: 'over cost.perRequestFactor x the baseline; at least quality.minimumCalls',
        requirement: 'C2',
        window: config.quality.window,
        'for': 900,
        keepFiringFor: 3600,
        expr: signals.breach(signals.cost_per_request),
        summary: 'Requests of {{ $labels.route }} cost more than before.',
        description: '${{ printf "%.4f" $value }} per request in the last 30 minutes.' + alert.changes(route),
      },
      byRoute {
        name: 'LLMTokenOutliers',
        severity: 'ticket',
        keys: calls,
        metric: 'llm_token_outliers_total',
        threshold: 'any request over tokens.outlierFactor x the p95',
        requirement: 'C6',
        window: 900,
        // Healthy traffic with heavy tails has some every few hours: a ticket each would be ten a day for a route.
        keepFiringFor: 21600,
        expr: q.live('(%s)' % outliers),
        summary: '{{ $labels.route }} sent an outsized request to {{ $labels.model }}.',
        description: '{{ printf "%.0f" $value }} requests of the last 15 minutes used more than three times the p95 of tokens of similar requests.' + alert.topConsumer,
      },
      fleet {
        name: 'LLMConsumerShareHigh',
        severity: 'ticket',
        keys: ['consumer'],
        metric: 'llm_consumer_tokens_total',
        threshold: 'over cost.consumerShare of all tokens of the hour, and of a usual hour of the last day; at least cost.consumerMinimumTokens, among cost.consumerMinimumConsumers',
        requirement: 'C3, R10',
        window: 3600,
        'for': 300,
        keepFiringFor: 7200,
        action: 'throttle',
        labels: { cause_hint: 'one_consumer' },
        // At night most of the tokens may be few: it must be that share of a usual hour of the last day, too.
        expr: |||
          %(named)s / %(on)s group_left () (
            %(all)s
          ) > %(limit)s
          and %(consumers)s > %(tokens)s
          unless %(consumers)s <= %(on)s group_left () %(limit)s * avg_over_time((sum %(by)s (%(consumers)s))[%(day)s:%(hour)s])
          and %(on)s (count %(by)s (%(consumers)s > 0) >= %(minimum)d)
        ||| % {
          named: consumers, all: q.indented(spending.tokens(3600), 2),
          limit: q.number(c.consumerShare), consumers: consumers, tokens: q.number(c.consumerMinimumTokens),
          on: q.on([]), by: q.by([]), minimum: c.consumerMinimumConsumers, day: q.duration(86400), hour: q.duration(3600),
        },
        summary: 'One consumer uses most of the tokens.',
        description: '{{ $labels.consumer }} used {{ $value | humanizePercentage }} of all tokens of the last hour.',
      },
      byRoute {
        name: 'LLMSessionLoops',
        severity: 'ticket',
        metric: 'llm_session_loops_total',
        threshold: 'any session that repeated a near-identical prompt',
        requirement: 'C7',
        window: 1800,
        labels: { cause_hint: 'agent_loop' },
        keepFiringFor: 900,
        expr: q.live('(%s)' % q.sumRises(route, 'llm_session_loops_total', 1800)),
        summary: 'Sessions of {{ $labels.route }} are looping.',
        description: '{{ printf "%.0f" $value }} sessions of the last 30 minutes repeated a near-identical prompt.' + alert.topConsumer,
      },
      fleet {
        name: 'LLMTokensUnpriced',
        severity: 'ticket',
        keys: model,
        metric: 'llm_unpriced_tokens_total, llm_tokens_total',
        threshold: 'over tokens.unpricedRatio of tokens have no price',
        requirement: 'E1',
        window: 3600,
        'for': 300,
        labels: { cause_hint: 'cost_unknown' },
        local unpriced = q.sumRises(model, 'llm_unpriced_tokens_total', 3600),
        expr: '%s > %s * %s' % [unpriced, q.number(t.unpricedRatio), q.sumCounted(model, 'llm_tokens_total', 3600, 'kind=~"input|output"')],
        summary: 'The price of {{ $labels.provider }}/{{ $labels.model }} is unknown.',
        description: '{{ printf "%.0f" $value }} tokens of the last hour have no price and are missing from every cost alert. Add it to `prices`, or declare the model free.',
      },
      fleet {
        name: 'LLMLimitBreached',
        severity: 'ticket',
        keys: [],
        metric: 'llm_limit_breaches_total',
        threshold: 'any consumer or session over its tokens per hour',
        requirement: 'C5',
        window: 900,
        action: 'throttle',
        keepFiringFor: 900,
        expr: q.sumRises(['scope'], 'llm_limit_breaches_total', 900),
        summary: 'A {{ $labels.scope }} exceeded its token limit.',
        description: '{{ printf "%.0f" $value }} breaches in the last 15 minutes.' + alert.topConsumer,
      },
    ], config.intervals.tickets),
  ]
