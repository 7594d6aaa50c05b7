// Does the model answer, and how fast?
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  d.new(
    'outage', 'Tocsin / Outage', 'Does the model answer, and how fast? Dashed lines are alert thresholds.',
    [v.provider, v.model, v.route],
    [
      {
        title: 'Availability',
        panels: [
          { w: 4, h: 8, panel: panel.stat('Succeeding', 'Share of requests without a provider error, timeout or lost connection. Bad: under the objective.', '1 - (%s) / (%s > 0)' % [q.zero(q.total('llm_request_failures_total', q.outages)), q.total('llm_requests_total')], 'percentunit', config.outage.availability, low=true, noValue='no traffic') },
          { w: 10, h: 8, panel: panel.graph('Failures by reason', 'Failed requests per second. Bad: provider_5xx, timeout or connection with few successes; rate_limited means a quota; blocked_* is a guardrail at work.', { '{{reason}}': q.rate('llm_request_failures_total', 'reason') }, 'reqps', 'no failures', stack=true) },
          { w: 10, h: 8, panel: panel.graph('Failing share by model', 'Share of failed requests. Bad: over 1 minus the objective for long; 30 % for minutes is an outage.', { '{{provider}}/{{model}}': q.share('llm_request_failures_total', 'llm_requests_total', 'provider, model', q.outages) }, 'percentunit', thresholds=[config.outage.totalRatio], max=1) + panel.drill('tocsin-incident', ['provider', 'model']) },
          { w: 8, h: 8, panel: panel.graph('Requests', 'Requests per second by route. Bad: a sudden drop; compare with the same time yesterday.', { '{{route}}': q.rate('llm_requests_total', 'route') }, 'reqps', stack=true) },
          { w: 8, h: 8, panel: panel.graph('Recovered', 'Successes after a retry or a fallback. Bad: a rise: a provider is failing, and only the bill shows it.', { '{{provider}}/{{model}}': q.rate('llm_requests_recovered_total', 'provider, model') }, 'reqps', 'none recovered') },
          { w: 8, h: 8, panel: panel.graph('Provider probes', '1 while the provider answers Tocsin\'s probe. Bad: 0. Empty: no probe is configured.', { '{{provider}}': 'max by (provider) (llm_provider_up{%s})' % d.scrape('provider=~"$provider"') }, 'none', 'no probes configured', max=1) },
        ],
      },
      {
        title: 'Speed',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Time to first token, p95', 'How long a user waits for the first token. Bad: over the dashed line and three times the usual value.', { '{{provider}}/{{model}}': q.quantile(0.95, 'llm_time_to_first_token_seconds', 'provider, model') }, 's', 'no streams', thresholds=[config.outage.firstTokenSeconds], exemplars=true) },
          { w: 8, h: 8, panel: panel.graph('Output speed, median', 'Tokens per second after the first. Bad: under 40 % of the usual value.', { '{{provider}}/{{model}}': q.quantile(0.5, 'llm_output_tokens_per_second', 'provider, model') }, 'short', 'no streams') },
          { w: 8, h: 8, panel: panel.graph('Duration, p95', 'Duration of successful requests; longer answers take longer, so check the output speed first.', { '{{provider}}/{{model}}': q.quantile(0.95, 'llm_request_duration_seconds', 'provider, model') }, 's', exemplars=true) },
          { w: 12, h: 8, panel: panel.heatmap('Durations', 'Distribution of durations. Bad: a second band far above the first.', q.rate('llm_request_duration_seconds_bucket', 'le'), 's') },
          { w: 12, h: 8, panel: panel.graph('Duration of failures, p95', 'How long a request takes to fail. Bad: near your timeout; near 0 means a refused connection or a quota.', { '{{provider}}/{{model}}': q.quantile(0.95, 'llm_request_failure_duration_seconds', 'provider, model') }, 's', 'no failures') },
        ],
      },
    ]
  )
