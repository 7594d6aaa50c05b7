// What does it cost, and who spends it?
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local expected = 'max(last_over_time(llm_cost_usd:expected[15m]))';
  local v = d.variables;
  local consumers = d.scrape('consumer=~"$consumer"');
  d.new(
    'cost', 'Tocsin / Cost', 'What does it cost, and who spends it?',
    [v.provider, v.model, v.route, v.consumer],
    [
      {
        title: 'Money',
        panels: [
          { w: 4, h: 8, panel: panel.stat('Last hour', 'US dollars spent in the last hour, all routes. Bad: over the expected amount plus the threshold.', 'llm_cost_usd:increase1h', 'currencyUSD', noValue='no prices') },
          { w: 10, h: 8, panel: panel.graph('Spent and expected', 'Dollars spent in the last hour (the series that the alert reads), the amount expected from healthy hours, and the paging threshold. Bad: over the threshold.', {
            spent: 'llm_cost_usd:increase1h',
            expected: expected,
            'pages over': '%s + clamp_min(%g * %s, %g)' % [expected, config.cost.riseRatio, expected, config.cost.usdPerHour],
          }, 'currencyUSD', 'no prices', faint='expected', alarming='pages over') },
          { w: 10, h: 8, panel: panel.graph('Dollars per hour by model', 'Rate of spending. Bad: a step; the table shows the consumers.', { '{{provider}}/{{model}}': '3600 * ' + q.rate('llm_cost_usd_total', 'provider, model') }, 'currencyUSD', 'no prices', stack=true) + panel.drill('tocsin-incident', ['provider', 'model']) },
          { w: 8, h: 8, panel: panel.graph('Dollars per hour by route', 'Rate of spending by application.', { '{{route}}': '3600 * ' + q.rate('llm_cost_usd_total', 'route') }, 'currencyUSD', 'no prices', stack=true) },
          { w: 8, h: 8, panel: panel.graph('Dollars per request', 'Bad: a step at constant traffic: a more expensive model, longer prompts, or a cold cache.', { '{{route}}': '%s / (%s > 0)' % [q.rate('llm_cost_usd_total', 'route'), q.rate('llm_requests_total', 'route')] }, 'currencyUSD', 'no prices') },
          { w: 8, h: 8, panel: panel.graph('Unpriced', 'Tokens per second without a price, requests per second without usage, and tokens estimated for them. Bad: any: the sums above are then too low.', {
            'unpriced {{model}}': q.rate('llm_unpriced_tokens_total', 'model'),
            'no usage {{model}}': q.rate('llm_usage_missing_total', 'model'),
            'estimated {{kind}}': q.rate('llm_estimated_tokens_total', 'kind'),
          }, 'short', 'all is priced') },
        ],
      },
      {
        title: 'Tokens',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Tokens per second by kind', 'Input includes cache reads and writes, output includes reasoning.', { '{{kind}}': q.rate('llm_tokens_total', 'kind') }, 'short') },
          { w: 8, h: 8, panel: panel.graph('Tokens per request', 'Mean, and the exact p95 of the last 1,000. Bad: a rise while the request rate is flat.', {
            'mean {{route}}': q.mean('llm_request_tokens', 'route'),
            'p95 {{route}}': 'max by (route) (llm_request_tokens_p95{%s})' % d.selector(),
          }, 'short', exemplars=true) },
          { w: 8, h: 8, panel: panel.graph('Outliers and loops', 'Requests over three times the p95, and sessions that repeat a prompt. Bad: many at once; a looping agent.', {
            'outliers {{route}}': q.rate('llm_token_outliers_total', 'route'),
            'loops {{route}}': q.rate('llm_session_loops_total', 'route'),
          }, 'reqps', 'none') },
          { w: 12, h: 9, panel: panel.table('Top consumers', 'Tokens of the shown range by consumer (keyed hash; `tocsin consumer NAME` prints the hash of a known name). Bad: one of them uses half of all tokens.', {
            tokens: 'sort_desc(sum by (consumer) (increase(llm_consumer_tokens_total{%s}[$__range])))' % (consumers + ', kind=~"input|output"'),
          }, 'short', 'no consumers in the log', order=['consumer', 'tokens'], worst='tokens') },
          { w: 12, h: 9, panel: panel.heatmap('Distribution of tokens per request', 'Distribution of request sizes. Bad: a new band at the top.', q.rate('llm_request_tokens_bucket', 'le'), 'short') },
          { w: 12, h: 7, panel: panel.graph('Limit breaches', 'Consumers and sessions over their tokens per hour. Empty: no limits are configured.', { '{{scope}}': 'sum by (scope) (rate(llm_limit_breaches_total{%s}[$__rate_interval]))' % d.scrape() }, 'reqps', 'no limits configured, or none passed') },
          { w: 12, h: 7, panel: panel.graph('Cache hits', 'Share of input tokens that the provider read from its cache. Bad: a drop: the beginning of the prompts changed.', { '{{route}}': q.share('llm_tokens_total', 'llm_tokens_total', 'route', 'kind="cache_read"', 'kind="input"') }, 'percentunit', 'no cache reads', max=1) },
        ],
      },
    ]
  )
