// HTTP 200 all the way: are the answers any good?
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  local recorded = 'route=~"$route", scorer=~"$scorer"';
  local baseline = 'last_over_time(route_scorer:llm_quality_score:baseline7d{%s}[15m])' % recorded;
  local ofChecked(metric) = q.share(metric, 'llm_answers_checked_total', 'route');
  d.new(
    'quality', 'Tocsin / Quality', 'Requests succeed with HTTP 200: are the answers good? Scores relative to their incident-free baseline.',
    [v.provider, v.model, v.route, v.scorer],
    [
      {
        title: 'Score',
        panels: [
          { w: 16, h: 9, panel: panel.graph('Score and baseline', 'Mean over 30 minutes (the series that the alert reads), its one-week baseline without incidents, and the paging threshold. Bad: under the threshold.', {
            '{{route}} {{scorer}}': 'route_scorer:llm_quality_score:mean{%s}' % recorded,
            'baseline {{route}} {{scorer}}': 'max by (route, scorer) (%s)' % baseline,
            'pages under {{route}} {{scorer}}': '(1 - (%s or group by (route) (%s) * %g)) * on (route) group_right () max by (route, scorer) (%s)' % [q.bound('quality.dropRatio'), baseline, config.quality.dropRatio, baseline],
          }, 'percentunit', 'no scored calls', max=1, faint='baseline', alarming='pages under') + panel.drill('tocsin-incident', ['route']) },
          { w: 8, h: 9, panel: panel.graph('Bad answers', 'Share of answers that score 0.5 or less. Bad: over the dashed line and three times the usual share.', { '{{route}} {{scorer}}': q.share('llm_quality_score_bucket', 'llm_quality_score_count', 'route, scorer', 'scorer=~"$scorer", le="0.5"', 'scorer=~"$scorer"') }, 'percentunit', 'no scored calls', thresholds=[config.quality.badRatio], max=1) },
          { w: 8, h: 8, panel: panel.heatmap('Distribution of the score', 'Distribution of composite scores. Bad: a second cluster at the bottom.', q.rate('llm_quality_score_bucket', 'le', 'scorer="composite"'), 'none', 'no scored calls') },
          { w: 8, h: 8, panel: panel.graph('Unscored, by reason', 'Answers without a score. Bad: no_content or redacted although you log content: a blind spot; empty: the model returns no text.', { '{{reason}}': q.rate('llm_unscored_total', 'reason') }, 'reqps', 'all are scored', stack=true) },
          { w: 8, h: 8, panel: panel.graph('Warm-up', 'Scored calls in 30 minutes. Under the dashed line a route is evaluated over hours.', { '{{route}} {{scorer}}': 'route_scorer:llm_quality_score_count:increase30m{%s}' % recorded }, 'short', 'no scored calls', thresholds=[config.quality.minimumCalls]) },
        ],
      },
      {
        title: 'Format',
        panels: [
          { w: 12, h: 8, panel: panel.graph('Compliance of the last 1,000', 'Exact window, replicas summed. Bad: under the dashed line. Empty: fewer than 1,000 checks, or no format is requested.', {
            '{{route}}': 'route:llm_format_window:ratio{route=~"$route"}',
            'its own bound {{route}}': q.bound('format.minimumRatio'),
          }, 'percentunit', 'warming up', thresholds=[config.format.minimumRatio], max=1, alarming='its own bound') },
          { w: 12, h: 8, panel: panel.graph('Format failures', 'Share of checked answers that are malformed, or are valid JSON inside a code fence or prose. Bad: a step. Unchecked: the schema or pattern is unusable.', {
            'malformed {{route}}': q.share('llm_format_failures_total', 'llm_format_checks_total', 'route'),
            'fenced {{route}}': q.share('llm_format_fenced_total', 'llm_format_checks_total', 'route'),
            'unchecked a second {{route}}': q.rate('llm_format_unchecked_total', 'route'),
          }, 'percentunit', 'nothing asks for a format', max=1) },
        ],
      },
      {
        title: 'Signals',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Hallucination signals', 'Share of answers with hedging, numbers that are not in the context, or claims that it does not support; and the share of all answers whose support cannot be told. A signal is not proof: watch for changes.', {
            '{{signal}}': q.share('llm_hallucination_signals_total', 'llm_hallucination_checks_total', 'signal'),
            'support unknown {{route}}': ofChecked('llm_hallucination_unchecked_total'),
          }, 'percentunit', 'no answers checked', max=1) },
          { w: 8, h: 8, panel: panel.graph('Refusals', 'Share of answers that refuse, state a limit, disclaim, or were cut off by a content filter. Bad: refusals over twice their usual share.', {
            'refusal {{route}}': ofChecked('llm_refusals_total'),
            'limit {{route}}': ofChecked('llm_capability_limits_total'),
            'disclaimer {{route}}': ofChecked('llm_disclaimers_total'),
            'filtered {{route}}': q.share('llm_content_filtered_total', 'llm_requests_total', 'route'),
          }, 'percentunit', 'no answers checked', thresholds=[config.quality.refusalRatio]) },
          { w: 8, h: 8, panel: panel.graph('Length of answers', 'Median and p95 in characters. Bad: the median collapses.', {
            'median {{route}}': q.quantile(0.5, 'llm_output_chars', 'route'),
            'p95 {{route}}': q.quantile(0.95, 'llm_output_chars', 'route'),
          }, 'short', 'no answers checked') },
          { w: 8, h: 8, panel: panel.graph('Truncated, repeating, wrong language', 'Shares of answers. Bad: over the thresholds of their alerts.', {
            'truncated {{route}}': q.share('llm_truncations_total', 'llm_requests_total', 'route'),
            'repeating {{route}}': ofChecked('llm_repetitions_total'),
            'language {{route}}': q.share('llm_language_mismatches_total', 'llm_language_checks_total', 'route'),
          }, 'percentunit', 'no answers checked') },
          { w: 8, h: 8, panel: panel.graph('Confidence', 'Share of answers with a confidence that are under 0.85, for human review; and the share of all answers without a confidence. Bad: a rise.', {
            'low {{route}}': q.share('llm_low_confidence_total', 'llm_confidence_count', 'route'),
            'unknown {{route}}': ofChecked('llm_confidence_unknown_total'),
          }, 'percentunit', 'no answers checked', thresholds=[config.quality.lowConfidenceRatio], max=1) },
          { w: 8, h: 8, panel: panel.graph('Relevance to the question', 'Mean similarity of answers to their questions, and the share that is off topic. Bad: a fall.', {
            'similarity {{route}}': q.mean('llm_semantic_similarity', 'route'),
            'off topic {{route}}': q.share('llm_off_topic_total', 'llm_semantic_similarity_count', 'route'),
          }, 'percentunit', 'no answers checked') },
        ],
      },
      {
        title: 'Inputs',
        panels: [
          { w: 12, h: 8, panel: panel.graph('Input drift', 'Population stability index of user inputs, by feature. Bad: over the dashed line: the requests changed, not the model.', { '{{route}} {{feature}}': 'max by (route, feature) (llm_input_drift_psi{%s})' % d.scrape('route=~"$route"') }, 'none', 'learning', thresholds=[config.quality.inputPsi]) },
          { w: 12, h: 8, panel: panel.table('Serving now', 'Which model serves each route now. Bad: not the one you requested.', {
            now: 'max by (provider, model, route, served, fingerprint) (llm_model_info{%s})' % d.selector(),
          }, 'none', 'no served model is logged', order=['route', 'provider', 'model', 'served', 'fingerprint'], hidden=['now']) },
        ],
      },
    ]
  )
