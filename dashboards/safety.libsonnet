// What reached a user and should not have, what was stopped, and who tries.
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  local kind = 'kind=~"$kind"';
  local paging = kind + ', delivered="true", echoed="false", example="false"';
  local guard = d.scrape('route=~"$route"');
  local guarded(metric, by) = 'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric, guard];
  d.new(
    'safety', 'Tocsin / Safety', 'Violations that reached users, what was stopped, and attempts. A single violation pages.',
    [v.provider, v.model, v.route, v.kind],
    [
      {
        title: 'Violations',
        panels: [
          { w: 4, h: 8, panel: panel.stat('Reached a user', 'Violations in the shown range. Bad: any.', 'round(%s)' % q.counted('llm_safety_violations_total', '', ['delivered', 'echoed', 'example', 'kind'], paging), 'none', 1, noValue='not instrumented') },
          { w: 10, h: 8, panel: panel.graph('Reached a user, by kind', 'Violations in answers that were delivered. Bad: any; each pages at once.', { '{{kind}} {{route}}': 'sum by (kind, route) (increase(llm_safety_violations_total{%s}[$__rate_interval]))' % d.selector(paging) }, 'none', 'not instrumented', thresholds=[1]) + panel.drill('tocsin-incident', ['route']) },
          { w: 10, h: 8, panel: panel.table('Last violation', 'When the last violation that pages was counted.', {
            last: '1000 * max by (provider, model, route, kind) (llm_safety_last_violation_timestamp_seconds{%s} > 0)' % d.selector(kind),
          }, 'dateTimeAsIso', 'none so far', units={ last: 'dateTimeAsIso' }, order=['last', 'kind', 'route', 'provider', 'model'], worst='last') },
          { w: 8, h: 8, panel: panel.graph('Stopped before delivery', 'Violations that the guard blocked or redacted. Bad: a surge: an attack, or a misbehaving model.', { '{{kind}}': q.rate('llm_safety_violations_total', 'kind', kind + ', delivered="false"') }, 'reqps', 'no guard, or nothing to stop') },
          { w: 8, h: 8, panel: panel.graph('Echoed and documentation values', 'Values that the caller sent, and reserved values such as test card numbers. They never page.', {
            'echoed {{kind}}': q.rate('llm_safety_violations_total', 'kind', kind + ', echoed="true"'),
            'example {{kind}}': q.rate('llm_safety_violations_total', 'kind', kind + ', example="true"'),
          }, 'reqps', 'none') },
          { w: 8, h: 8, panel: panel.graph('For review', 'Suspected findings. Bad: a surge.', { '{{kind}}': q.rate('llm_safety_suspected_total', 'kind', kind) }, 'reqps', 'none') },
        ],
      },
      {
        title: 'Attempts and reports',
        panels: [
          { w: 6, h: 8, panel: panel.graph('Blocked requests', 'Share of requests that a guardrail or the provider blocked. Bad: a surge: an attack, or a stricter filter.', { '{{route}}': q.share('llm_request_failures_total', 'llm_requests_total', 'route', q.blocked) }, 'percentunit', 'none blocked', thresholds=[config.safety.blockedRatio]) },
          { w: 6, h: 8, panel: panel.graph('Injection attempts', 'By the role of the text that contains them. Bad: a surge; in tool or document text, the model\'s sources are being poisoned.', { '{{role}}': q.rate('llm_injection_attempts_total', 'role') }, 'reqps', 'none') },
          { w: 6, h: 8, panel: panel.graph('Flags by people', 'Answers that users or reviewers flagged. Bad: unsafe.', { '{{reason}}': 'sum by (reason) (rate(llm_user_flags_total{%s}[$__rate_interval]))' % guard }, 'reqps', 'no feedback') },
          { w: 6, h: 8, panel: panel.graph('Toxicity, p99', 'Toxicity of answers. A lightweight detector: it sees words, not meaning.', { '{{route}}': q.quantile(0.99, 'llm_toxicity_score', 'route') }, 'percentunit', 'no answers checked', max=1) },
        ],
      },
      {
        title: 'Guard',
        panels: [
          { w: 6, h: 8, panel: panel.graph('Coverage', 'Share of answers of guarded routes that the guard scanned. Bad: under the dashed line: answers bypass it.', { '{{route}}': '%s / (%s > 0)' % [guarded('llm_guard_scanned_total', 'route'), guarded('llm_guard_eligible_total', 'route')] }, 'percentunit', 'no guarded route', thresholds=[config.safety.guardCoverage], max=1) },
          { w: 6, h: 8, panel: panel.graph('Verdicts', 'Checks per second by verdict. Bad: more blocks without more attempts.', { '{{verdict}}': guarded('llm_guard_requests_total', 'verdict') }, 'reqps', 'no guard', stack=true) },
          { w: 6, h: 8, panel: panel.graph('Guard latency, p99', 'Latency that the guard adds to a request. Bad: over 5 ms.', { '{{route}}': 'histogram_quantile(0.99, sum by (route, le) (rate(llm_guard_duration_seconds_bucket{%s}[$__rate_interval])))' % guard }, 's', 'no guard', thresholds=[0.005]) },
          { w: 6, h: 8, panel: panel.graph('Shed checks and false positives', 'Checks answered without scanning because of overload, and verdicts that reviewers marked as false positives. Bad: any.', {
            'shed {{route}}': guarded('llm_guard_shed_total', 'route'),
            'wrong {{route}}': guarded('llm_guard_false_positives_total', 'route'),
          }, 'reqps', 'none') },
        ],
      },
    ]
  )
