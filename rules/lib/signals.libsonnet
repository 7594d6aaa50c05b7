// Per-route values that are compared with their own week. `value` keeps `keys`; `limit` is the limit of a healthy sample,
// from the baseline; `rises` says on which side an incident is.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config;
  local route = ['route'];
  local window = c.quality.window;
  local sum(metric, matchers='') = q.sumIncrease(route, metric, window, matchers);
  local enough(expr) = '(%s)' % q.atLeast(expr, c.quality.minimumCalls);
  local ratio(whole) = function(part) '%s\n/ %s' % [part, enough(whole)];
  local tokens = sum('llm_request_tokens_count');
  local signal(name, spec) = { keys: route, rises: true, floor: 0, events: null, names: [] } + spec + {
    name: name,
    matcher: if self.names == [] then 'signal="%s"' % name else 'signal=~"%s"' % std.join('|', self.names),
    // Live traffic only.
    sample:: q.live('(%s)' % self.value(self.events)),
  };
  {
    bad_score: signal('bad_score', {
      keys: ['route', 'scorer'],  // judges differ in what they call bad
      events: q.sumIncrease(self.keys, 'llm_quality_score_bucket', window, 'le="0.5"'),
      value:: ratio(q.sumIncrease(self.keys, 'llm_quality_score_count', window)),
      factor: c.quality.badFactor,
      floor: c.quality.badRatio,
    }),
    hallucination: signal('', {
      keys: ['route', 'signal'],
      names: ['hedge', 'numeric', 'unsupported'],
      checks:: q.sumIncrease(self.keys, 'llm_hallucination_checks_total', window),
      events: q.sumIncrease(self.keys, 'llm_hallucination_signals_total', window),
      value:: ratio(self.checks),
      factor: c.quality.hallucinationFactor,
      floor: c.quality.hallucinationRise,
    }),
    refusal: signal('refusal', {
      events: sum('llm_refusals_total'),
      value:: ratio(sum('llm_answers_checked_total')),
      factor: c.quality.refusalFactor,
      floor: c.quality.refusalRatio,
    }),
    token_outlier: signal('token_outlier', {
      events: sum('llm_token_outliers_total'),
      value:: ratio(q.requests),
      factor: c.tokens.outlierExcessFactor,
      floor: c.tokens.outlierExcessRatio,
    }),
    output_chars: signal('output_chars', {
      rises: false,
      value(_):: 'histogram_quantile(0.5, sum %s (%s))\nand %s' % [
        q.by(['route', 'le']), q.increase('llm_output_chars_bucket', window), enough(sum('llm_output_chars_count')),
      ],
      factor: c.quality.lengthRatio,
    }),
    similarity: signal('similarity', {
      rises: false,
      events: sum('llm_semantic_similarity_sum'),
      value:: ratio(sum('llm_semantic_similarity_count')),
      factor: c.quality.similarityRatio,
    }),
    tokens_per_request: signal('tokens_per_request', {
      events: sum('llm_request_tokens_sum'),
      value:: ratio(tokens),
      factor: c.tokens.perRequestFactor,
    }),
    cost_per_request: signal('cost_per_request', {
      // Per answered request: failed ones cost nothing, and a baseline from an outage would be too low.
      answered:: 'max %s (%s or %s)' % [
        q.by(route), sum('llm_request_tokens_count'), q.labelled(sum('llm_request_duration_seconds_count'), 'by', 'duration'),
      ],
      events: sum('llm_cost_usd_total'),
      value:: ratio(self.answered),
      factor: c.cost.perRequestFactor,
    }),

    // The limit at which a sample is an incident; `base` is its baseline.
    limit(s, base)::
      if s.floor == 0 then '%s * %s' % [q.number(s.factor), base]
      else 'clamp_min(%s * %s, %s)' % [q.number(s.factor), base, q.number(s.floor)],

    // The baseline of each id in use.
    bases(s):: q.latest('route_signal:llm_signal:baseline7d', s.matcher, 3 * c.intervals.week),

    // With two ids in use, the stricter one decides.
    base(s):: '%s %s (%s)' % [if s.rises then 'min' else 'max', q.by(s.keys), $.bases(s)],

    // The last recorded value.
    recorded(s):: 'max %s (%s)' % [q.by(s.keys), q.latest('route_signal:llm_signal:value30m', s.matcher, 360)],

    // The value if it is beyond the limit.
    breach(s, value=self.recorded(s))::
      |||
        (%s)
        %s %s %s
      ||| % [value, if s.rises then '>' else '<', q.on(s.keys), $.limit(s, $.base(s))],

    // The same with a minimum number of events.
    breachOfMany(s, minimum):: $.breach(s) + 'and %s (%s)' % [q.on(s.keys), q.atLeast(s.events, minimum)],

    // The same for current counts, for pages.
    breachNow(s, minimum):: $.breach(s, q.live('((%s))' % s.value('(%s)' % q.atLeast(s.events, minimum)))),
  }
