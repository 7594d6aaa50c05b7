// Per-route values that are judged against their own week. `value` keeps `keys`; `limit` is what a healthy sample stays
// within, from the baseline; `rises` says on which side an incident lies.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config;
  local route = ['route'];
  local window = c.quality.window;
  local sum(metric, matchers='') = q.sumIncrease(route, metric, window, matchers);
  local enough(expr) = '(%s)' % q.atLeast(expr, c.quality.minimumCalls);
  local ratio(part, whole) = '%s\n/ %s' % [part, enough(whole)];
  local requests = sum('llm_requests_total');
  local tokens = sum('llm_request_tokens_count');
  local signal(name, spec) = { keys: route, rises: true, floor: 0, events: null } + spec + {
    name: name,
    matcher: 'signal="%s"' % name,
    // Live traffic alone.
    sample:: q.live('(%s)' % self.value),
  };
  {
    bad_score: signal('bad_score', {
      events: sum('llm_quality_score_bucket', 'scorer="composite", le="0.5"'),
      value: ratio(self.events, sum('llm_quality_score_count', 'scorer="composite"')),
      factor: c.quality.badFactor,
      floor: c.quality.badRatio,
    }),
    hallucination: signal('', {
      keys: ['route', 'signal'],
      checks:: q.sumIncrease(self.keys, 'llm_hallucination_checks_total', window),
      value: '%s\n/ %s' % [q.sumIncrease(self.keys, 'llm_hallucination_signals_total', window), enough(self.checks)],
      factor: c.quality.hallucinationFactor,
      floor: c.quality.hallucinationRise,
    }) + { matcher: 'signal=~"hedge|numeric|unsupported"' },
    refusal: signal('refusal', {
      events: sum('llm_refusals_total'),
      value: ratio(self.events, sum('llm_answers_checked_total')),
      factor: c.quality.refusalFactor,
      floor: c.quality.refusalRatio,
    }),
    token_outlier: signal('token_outlier', {
      events: sum('llm_token_outliers_total'),
      value: ratio(self.events, requests),
      factor: c.tokens.outlierExcessFactor,
      floor: c.tokens.outlierExcessRatio,
    }),
    output_chars: signal('output_chars', {
      rises: false,
      value: 'histogram_quantile(0.5, sum %s (%s))\nand %s' % [
        q.by(['route', 'le']), q.increase('llm_output_chars_bucket', window), enough(sum('llm_output_chars_count')),
      ],
      factor: c.quality.lengthRatio,
    }),
    tokens_per_request: signal('tokens_per_request', {
      value: ratio(sum('llm_request_tokens_sum'), tokens),
      factor: c.tokens.perRequestFactor,
    }),
    cost_per_request: signal('cost_per_request', {
      value: ratio(sum('llm_cost_usd_total'), requests),
      factor: c.cost.perRequestFactor,
    }),

    // What a sample may reach before it is an incident; `base` is the baseline beside it.
    limit(s, base)::
      if s.floor == 0 then '%s * %s' % [q.number(s.factor), base]
      else 'clamp_min(%s * %s, %s)' % [q.number(s.factor), base, q.number(s.floor)],

    // The value where it lies beyond the limit. With two ids that judge, the stricter one does.
    breach(s)::
      local keys = s.keys;
      local base = '%s %s (%s)' % [
        if s.rises then 'min' else 'max', q.by(keys),
        q.latest('route_signal:llm_signal:baseline7d', s.matcher),
      ];
      |||
        %s
        %s %s %s
      ||| % ['(%s)' % s.sample, if s.rises then '>' else '<', q.on(keys), $.limit(s, base)],
  }
