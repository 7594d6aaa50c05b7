// Requests fail, hang or stop.
local because = import '../lib/reasons.libsonnet';
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local latency = (import '../lib/latency.libsonnet')(config);
  local c = config.outage;
  local keys = ['provider', 'model', 'tier'];
  local shown = ['provider', 'model'];
  local series(name) = 'provider_model:%s:increase5m' % name;
  // Windows longer than five minutes are sums of recorded ones: reading days of raw counters would be expensive.
  local over(name, window) =
    if window == 300 then series(name) else 'sum_over_time(%s[%s:%s])' % [series(name), q.duration(window), q.duration(300)];
  local requests(w) = over('llm_requests', w);
  local failures(w) = over('llm_request_failures', w);
  local unrecovered(w) = over('llm_request_failures_unrecovered', w);
  local retried(w) = over('llm_requests_retried', w);
  // (failures - recovered) / (requests - recovered), where there are so many of both. What another model recovers is no
  // request less of this one: of a provider that fails altogether nothing would be left but calls whose fallback is not
  // done yet, all of them failures.
  local ratio(w, failed, asked) =
    local least(vector, floor) = if floor == 0 then vector else '(%s)' % q.atLeast(vector, floor);
    '%s / (%s - (%s or 0 * %s))' % [least(unrecovered(w), failed), least(requests(w), asked), retried(w), requests(w)];
  local shortly(w) = ratio(w, c.minimumFailures, c.minimumCalls);
  local limit(factor) = '%s * (1 - %s)' % [q.number(factor), q.number(c.availability)];
  // A window of half an hour remembers an outage for half an hour. Ten minutes in which less than half of what burns fails end
  // it after so many requests in them; twenty where those are fewer, and so many failed within the hour: those would go on
  // every third minute, and an outage that comes and goes is one page. Of a total outage the hour holds enough until the half
  // hour has forgotten it. Not only minutes without a failure: the next stray one would page again for what is over.
  local calm(pair) =
    local quiet(window) = '%s <= 0.5 * %s * %s' % [unrecovered(window), limit(pair.factor), requests(window)];
    if 'calm' in pair then '\nunless (%s and %s or %s and %s)' % [
      quiet(600), q.atLeast(requests(600), pair.calm), quiet(1200), q.atLeast(unrecovered(3600), pair.calmAfter),
    ] else '';
  local burnt(long) = '%s > %s' % [ratio(long.window, std.get(long, 'failures', 0), 0), limit(long.factor)];
  local burning(pair) =
    '(\n%s > %s\nand (%s)%s\n)' % [
      shortly(pair.short), limit(pair.factor), std.join(' or ', std.map(burnt, pair.long)), calm(pair),
    ];
  local total = '%s > %s' % [shortly(300), q.number(c.totalRatio)];
  // One of its routes is dead: the window of an hour would show it much later.
  local ofDeadRoute = '%s / %s\nand %s call:llm_route_dead:increase5m' % [unrecovered(300), requests(300), q.on(keys)];
  local succeeded = 'provider_model:llm_requests_succeeded:increase10m';
  // Among thousands of requests that a fallback answers, some are always pending.
  local failedForGood = '%s > %s * %s' % [
    q.atLeast('provider_model:llm_request_failures_unrecovered:increase10m', c.minimumFailures),
    q.number(c.noSuccess.unrecoveredRatio),
    'sum %s (%s)' % [q.by(keys), q.twice('call_class:llm_request_failures:increase5m', 'class!="stopped"')],
  ];
  local noSuccess = '%s\nand %s (%s < 0.5)\n' % [failedForGood, q.on(keys), succeeded];
  local succeededWithin(range) = '%s (max_over_time(%s[%s]) > 0.5)' % [q.on(keys), succeeded, range];
  local lately = succeededWithin(q.duration(c.noSuccess.lookback));
  local week = '%s:%s' % [q.duration(7 * 86400), q.duration(300)];
  // Only reasons that the alert counts: any other would mislead on-call.
  local ours = 'reason=~"%s"' % because.outage;
  local forGood = 'reason!~"%s"' % because.meant;
  local reasons(window, counted) =
    '{{ range printf `topk(1, %s)` $labels.provider $labels.model | query }} Most common: {{ .Labels.reason }} on {{ .Labels.route }}.{{ end }}' %
    q.sumRises(['reason', 'route'], 'llm_request_failures_total', window, counted + ', provider=%[1]q, model=%[2]q');
  local traffic = 'route:llm_requests:increase15m';
  local before(offset) = q.atLeast(
    'last_over_time(%s[%s] offset %s)' % [traffic, q.duration(600), q.duration(offset)], c.trafficGoneMinimumCalls
  );
  local gone(page) = |||
    %(now)s < %(ratio)s * (%(yesterday)s)
    and %(now)s < %(ratio)s * (%(lastWeek)s)
    %(asked)s
    unless %(onAll)s (max %(byAll)s (%(lag)s) > 300)
    unless %(onAll)s (max %(byAll)s (%(unusable)s) > 0)
    unless %(onAll)s (time() - max %(byAll)s (%(start)s) < %(young)s)
  ||| % {
    now: traffic, ratio: q.number(c.trafficGoneRatio), yesterday: before(86400), lastWeek: before(7 * 86400), asked: '%s %s (%s > 0 and %s route:llm_route:info{tier="prod"})' % [
      if page then 'and' else 'unless', q.on(['route']),
      q.threshold('outage.trafficGonePage', c.trafficGonePage, traffic), q.on(['route']),
    ],
    onAll: q.on([]), byAll: q.by([]), lag: q.metric('tocsin_ingest_lag_seconds'),
    unusable: q.metric('tocsin_input_unusable'), start: q.metric('process_start_time_seconds'), young: q.seconds(1800),
  };
  local trafficGone(page) = {
    name: 'LLMTrafficGone',
    severity: if page then 'page' else 'ticket',
    twin: false,
    category: 'outage',
    ownership: 'route',
    keys: ['route'],
    metric: 'llm_requests_total',
    threshold: 'under outage.trafficGoneRatio of the same time yesterday and a week ago; ' +
               (if page then 'where outage.trafficGonePage is 1' else 'elsewhere'),
    requirement: 'A5',
    window: 900,
    'for': 300,
    expr: gone(page),
    summary: 'Traffic of {{ $labels.route }} has almost stopped.',
    description: '{{ printf "%.0f" $value }} requests in the last 15 minutes; at the same time yesterday and a week ago there were more than twenty times as many.' + (if page then alert.since('LLMTrafficGone', ['route']) else ''),
  };
  local byModel = { category: 'outage', ownership: 'model', keys: shown };
  [
    alert.groups('outage', [
      byModel {
        name: 'LLMRequestsFailing',
        severity: 'page',
        metric: 'llm_request_failures_total, llm_requests_recovered_total, llm_requests_recovered_other_total, llm_requests_total',
        threshold: 'outage.availability burnt 14.4 x over 1 h and 5 m, 6 x over 30 m and 6 h (10 failures) or 14.4 x over 1 h (20 failures), or outage.totalRatio of 5 m; at least outage.minimumCalls and outage.minimumFailures; or over outage.routeShare while a route of it fails by outage.routeRatio',
        requirement: 'A1, A3',
        keepFiringFor: 600,
        expr: std.join('\nor\n', [total] + std.map(burning, c.burn.page) + [ofDeadRoute]),
        summary: 'Requests to {{ $labels.provider }}/{{ $labels.model }} are failing.',
        description: '{{ $value | humanizePercentage }} of requests fail after retries and fallbacks.' + reasons(600, ours) + alert.since('LLMRequestsFailing', shown) + alert.affected(shown, 'llm_request_failures_total', ours),
      },
      byModel {
        name: 'LLMNoSuccess',
        severity: 'page',
        metric: 'llm_request_failures_total, llm_requests_total',
        threshold: 'at least outage.minimumFailures failures in 10 m, no success, a success in the last day',
        requirement: 'A5',
        'for': c.noSuccess['for'],
        keepFiringFor: 1200,  // of a request every two minutes ten hold five by chance
        expr: noSuccess + 'and ' + lately,
        summary: 'No request to {{ $labels.provider }}/{{ $labels.model }} succeeds.',
        description: '{{ printf "%.0f" $value }} failures and no success in the last 10 minutes.' + reasons(600, forGood) + ' Typical causes: an expired key, a withdrawn model, an exhausted quota.' + alert.since('LLMNoSuccess', shown),
      },
      {
        name: 'LLMRouteFailing',
        severity: 'page',
        category: 'outage',
        ownership: 'route',
        keys: ['route'],
        metric: 'llm_request_failures_total, llm_requests_total',
        threshold: 'over outage.routeRatio of requests time out or get a 5xx, for 3 m, at least outage.minimumCalls; while the models answer other routes, and at most outage.routeShare of their requests fails',
        requirement: 'A1, A5',
        window: 600,
        keepFiringFor: 600,
        expr: 'route:llm_route_dead:ratio10m',
        summary: 'Almost no request of {{ $labels.route }} succeeds.',
        description: '{{ $value | humanizePercentage }} of its latest requests failed, while the model answers other routes.'
                     + '{{ range printf `topk(1, %s)` $labels.route | query }} Most common: {{ .Labels.reason }} from {{ .Labels.model }}.{{ end }}' %
                       q.sumRises(['model', 'reason'], 'llm_request_failures_total', 600, ours + ', route=%[1]q')
                     + alert.since('LLMRouteFailing', ['route']) + alert.affected(['route'], 'llm_request_failures_total', ours),
      },
      {
        name: 'LLMProviderUnreachable',
        severity: 'page',
        category: 'outage',
        ownership: 'fleet',
        keys: ['provider'],
        metric: 'llm_provider_up',
        threshold: 'no probe answered',
        requirement: 'A4, A5',
        'for': c.unreachableFor,
        keepFiringFor: 300,
        expr: 'max %s (%s) == 0' % [q.by(['provider']), q.metric('llm_provider_up')],
        summary: '{{ $labels.provider }} does not answer probes.',
        description: 'No replica got an answer to its probes.' + alert.since('LLMProviderUnreachable', ['provider']),
      },
    ], config.intervals.outage),
    alert.groups('outage-slow', [
      byModel {
        name: 'LLMLatencyHigh',
        severity: 'page',
        metric: 'llm_time_to_first_token_seconds, llm_output_tokens_per_second',
        threshold: 'p95 to the first token over outage.firstTokenFactor x baseline and outage.firstTokenSeconds, or median speed under outage.speedRatio of it; at least outage.latencyMinimumCalls',
        requirement: 'A2',
        window: 600,
        'for': 600,
        keepFiringFor: 900,  // a slow rise crosses the threshold repeatedly
        keys: ['provider', 'model'],
        expr: latency.slow,
        summary: '{{ $labels.provider }}/{{ $labels.model }} is slow.',
        local now(signal, text) = alert.asked('max(%s)' % q.recorded('provider_model:llm_latency:value10m', 'signal="%s", provider=%%q, model=%%q' % signal), shown, text),
        description: 'Answers are {{ printf "%.1f" $value }} times slower than usual at this hour.'
                     + now('first_token', ' p95 time to first token: {{ . | first | value | humanizeDuration }}.')
                     + now('speed', ' Median speed: {{ . | first | value | printf "%.0f" }} tokens per second.')
                     + alert.changes(shown) + alert.since('LLMLatencyHigh', shown),
      },
      trafficGone(true),
    ], config.intervals.slow),
    alert.groups('outage-tickets', [
      byModel {
        name: 'LLMErrorBudgetBurning',
        severity: 'ticket',
        metric: 'llm_request_failures_total, llm_requests_recovered_total, llm_requests_recovered_other_total, llm_requests_total',
        threshold: 'outage.availability burnt 3 x over 1 d and 2 h, or 1 x over 3 d and 6 h; 20 failures in the longer window',
        requirement: 'A1',
        keepFiringFor: 6 * 3600,  // a failure rate close to the objective crosses the threshold repeatedly, all week
        expr: std.join('\nor\n', std.map(burning, c.burn.ticket)),
        summary: 'Requests to {{ $labels.provider }}/{{ $labels.model }} have a persistently raised error rate.',
        description: '{{ $value | humanizePercentage }} of the requests of the last %s failed: at this rate the objective will be missed.'
                     % std.join(' or ', [q.duration(pair.short) for pair in c.burn.ticket]),
      },
      byModel {
        name: 'LLMRateLimited',
        severity: 'ticket',
        metric: 'llm_request_failures_total{reason="rate_limited"}',
        threshold: 'over outage.rateLimitedRatio of requests, at least outage.minimumCalls, beside successes',
        requirement: 'A1',
        window: 600,
        'for': 300,
        labels: { cause_hint: 'rate_limit' },
        local limited = 'sum %s (%s)' % [
          q.by(keys), q.twice('call_class:llm_request_failures:increase5m', 'class="rate_limited"'),
        ],
        expr: |||
          (%s)
          / sum %s (%s)
          > %s
          and %s (provider_model:llm_requests_succeeded:increase10m > 0.5)
        ||| % [
          q.atLeast(limited, c.minimumCalls), q.by(keys), q.twice(series('llm_requests')), q.number(c.rateLimitedRatio),
          q.on(keys),
        ],
        summary: '{{ $labels.provider }} is rate limiting requests to {{ $labels.model }}.',
        description: '{{ $value | humanizePercentage }} of the requests of the last 10 minutes were answered with 429.',
      },
      {
        name: 'LLMRequestsRefused',
        severity: 'ticket',
        category: 'outage',
        ownership: 'route',
        keys: ['route'],
        metric: 'llm_request_failures_total, llm_requests_total',
        threshold: 'over outage.refusedRatio of requests fail for reasons on the caller\'s side, at least outage.minimumCalls; of models that succeed elsewhere, or never did',
        requirement: 'A5',
        window: 1800,
        'for': 300,
        keepFiringFor: 900,
        // A second under the half hour: at its full minutes the oldest Prometheus would take seven samples for it, not six.
        // A dead model has its own alert; a route with a wrong key or parameters is one of many that use the model.
        local refused = 'sum %s (%s\nunless %s (%s < 0.5 and %s))' % [
          q.by(['route']), 'sum_over_time(%s[%s:%s])' % [
            q.recorded('call_class:llm_request_failures:increase5m', 'class="other"'), q.duration(1799), q.duration(300),
          ], q.on(keys), succeeded, succeededWithin(week),
        ],
        local most = q.threshold('outage.refusedRatio', c.refusedRatio),
        // Failures are summed up to five minutes later: with falling traffic they exceed the requests.
        expr: 'clamp_max((%s)\n/ %s (%s), 1) > %s %s' % [q.atLeast(refused, c.minimumCalls), q.on(['route']), q.requests, q.on(['route']), most],
        summary: 'Almost all requests of {{ $labels.route }} are rejected.',
        description: '{{ $value | humanizePercentage }} of the requests of the last 30 minutes were rejected: a wrong key, an unsupported parameter or a model that does not exist.',
      },
      byModel {
        name: 'LLMProviderFailingBehindFallback',
        severity: 'ticket',
        metric: 'llm_request_failures_total, llm_requests_recovered_total',
        threshold: 'over outage.fallbackRatio of requests fail and are made good by a retry or a fallback; or all that are refused are, and none succeeds',
        requirement: 'R1',
        window: 1800,
        'for': 300,
        labels: { cause_hint: 'provider' },
        local recovered = '(%s - %s)' % [failures(1800), unrecovered(1800)],
        // An expired key or a withdrawn model: not an outage of the provider, and nobody is paged while something else answers.
        local byClass = 'call_class:llm_request_failures:increase5m',
        local other = 'class="other"',
        local refused(vector) = 'sum %s (%s)' % [q.by(keys), vector],
        expr: |||
          %s / %s > %s
          and %s
          and %s
          or
          %s / %s
          and %s (%s)
          and %s (%s < 0.5)
          unless %s (%s)
        ||| % [
          recovered, requests(1800), q.number(c.fallbackRatio), q.atLeast(requests(1800), c.minimumCalls),
          q.atLeast(recovered, c.minimumFailures),
          refused('sum_over_time(%s[%s:%s])' % [q.recorded(byClass, other), q.duration(1800), q.duration(300)]), requests(1800),
          q.on(keys), q.atLeast(refused(q.twice(byClass, other)), c.minimumFailures),
          q.on(keys), succeeded,
          q.on(keys), failedForGood,
        ],
        summary: '{{ $labels.provider }}/{{ $labels.model }} fails behind a working fallback.',
        description: '{{ $value | humanizePercentage }} of the requests of the last 30 minutes failed and were made good by a retry or a fallback.',
      },
      byModel {
        name: 'LLMDurationHigh',
        severity: 'ticket',
        metric: 'llm_request_duration_seconds',
        threshold: 'p95 over outage.durationFactor x baseline, no model change in a day',
        requirement: 'A2',
        window: 600,
        'for': 600,
        expr: |||
          %s
          unless %s (max_over_time(provider_model:llm_model_changes:increase1h[%s]) > 0)
        ||| % [latency.duration, q.on(shown), q.duration(86400 - 3600)],
        summary: 'Requests to {{ $labels.provider }}/{{ $labels.model }} take long.',
        description: 'One request in twenty takes longer than {{ $value | humanizeDuration }}, far from what is usual at this hour.',
      },
      byModel {
        name: 'LLMStillNoSuccess',
        severity: 'ticket',
        metric: 'llm_request_failures_total, llm_requests_total',
        threshold: 'at least outage.minimumFailures failures in 10 m, no success, the last one longer than a day ago and within a week',
        requirement: 'A5',
        'for': 300,
        expr: noSuccess + 'unless %s\nand %s' % [lately, succeededWithin(week)],
        summary: 'For more than a day no request to {{ $labels.provider }}/{{ $labels.model }} has succeeded.',
        description: '{{ printf "%.0f" $value }} failures in the last 10 minutes.' + reasons(600, forGood) + ' Either nobody asked for a day, as at a weekend, or nobody mended it: the page is about the first day alone.',
      },
      trafficGone(false),
      {
        name: 'LLMNoTraffic',
        severity: 'info',
        category: 'outage',
        ownership: 'fleet',
        metric: 'llm_requests_total',
        threshold: 'no request in 30 m',
        requirement: 'A5',
        window: 1800,
        'for': 300,  // a Prometheus that has just started has seen no increase yet
        expr: '%s == 0' % q.sumCounted([], 'llm_requests_total', 1800),
        summary: 'No requests are seen.',
        description: 'No request was counted for 30 minutes. Nothing can be said about outages, quality or cost.',
      },
    ], config.intervals.tickets),
  ]
