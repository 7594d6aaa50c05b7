// What is worst now, in each category.
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  local violation = ['delivered', 'echoed', 'example', 'kind'];
  local paging = 'delivered="true", echoed="false", example="false"';
  d.new(
    'overview', 'Tocsin / Overview',
    'Is the model up, are the answers good, what does it cost, is anything unsafe? Worst first.',
    [v.provider, v.model, v.route],
    [
      {
        title: 'Now',
        panels: [
          {
            w: 3,
            h: 4,
            panel: panel.stat('Succeeding', 'Share of requests without a provider error, timeout or lost connection. Bad: under the objective.', '1 - (%s) / (%s > 0)' % [q.zero(q.total('llm_request_failures_total', q.outages)), q.total('llm_requests_total')], 'percentunit', config.outage.availability, low=true, noValue='no traffic'),
          },
          {
            w: 3,
            h: 4,
            panel: panel.stat('Quality kept, worst', 'Score of the route and scorer that dropped most, as a share of its own baseline. Bad: under the paging threshold.', 'min(route_scorer:llm_quality_score:mean{route=~"$route"} / on (%(by)s) group_left () max by (%(by)s) (last_over_time(route_scorer:llm_quality_score:baseline7d{route=~"$route"}[15m])))' % { by: d.recorded(['route', 'scorer']) }, 'percentunit', 1 - config.quality.dropRatio, low=true, noValue='learning'),
          },
          {
            w: 3,
            h: 4,
            panel: panel.stat('Spent, last hour', 'US dollars spent in the last hour. Bad: more than expected plus the threshold.', 'llm_cost_usd:increase1h', 'currencyUSD', noValue='no prices'),
          },
          {
            w: 3,
            h: 4,
            panel: panel.stat('Violations', 'Answers that reached a user and should not have, in the shown range. Bad: any.', 'round(%s)' % q.counted('llm_safety_violations_total', '', violation, paging), 'none', 1, noValue='not instrumented'),
          },
          {
            w: 12,
            h: 4,
            panel: panel.stat('Instrumented', 'Categories with a live signal. Bad: 0, because no alert of that category can fire.', 'sum by (category) (tocsin_category_instrumented{%s}) > bool 0' % d.scrape(), 'bool_yes_no', 1, low=true) {
              targets: [super.targets[0] { legendFormat: '{{category}}' }],
            },
          },
          { w: 12, h: 8, panel: panel.alerts('Firing', 'Firing and pending alerts. Bad: any with severity page. Each links to its runbook.', '{category=~".+"}') },
          { w: 12, h: 8, panel: panel.graph('Alerts over time', 'Number of firing alerts, stacked. Bad: a step; over once there is none for 15 minutes.', { '{{alertname}} {{route}}': 'count by (alertname, route) (ALERTS{alertstate="firing", severity="%s", category=~".+"})' % config.severityNames.page }, 'none', 'nothing fires', stack=true) },
        ],
      },
      {
        title: 'Worst now',
        panels: [
          {
            w: 24,
            h: 9,
            panel: panel.table('Routes', 'One row per route and model, over the last half hour. Bad: more than 1 % failing, for any reason but blocks and callers who gave up; malformed answers well over their usual share. Sorted by failing share; click a column to sort by it.', {
              requests: 'sum by (provider, model, route) (increase(llm_requests_total{%s}[30m])) > 0' % d.selector(),
              failing: 'sum by (provider, model, route) (increase(llm_request_failures_total{%s}[30m])) / (sum by (provider, model, route) (increase(llm_requests_total{%s}[30m])) > 0)' % [d.selector(q.unmeant), d.selector()],
              quality: 'sum by (provider, model, route) (increase(llm_quality_score_sum{%s}[30m])) / (sum by (provider, model, route) (increase(llm_quality_score_count{%s}[30m])) > 0)' % [d.selector('scorer="composite"'), d.selector('scorer="composite"')],
              malformed: 'sum by (provider, model, route) (increase(llm_format_failures_total{%s}[30m])) / (sum by (provider, model, route) (increase(llm_format_checks_total{%s}[30m])) > 0)' % [d.selector(), d.selector()],
              dollars: 'sum by (provider, model, route) (increase(llm_cost_usd_total{%s}[30m])) > 0' % d.selector(),
              violations: 'round(%s) > 0' % q.counted('llm_safety_violations_total', 'provider, model, route', violation, paging, '30m', '1800'),
            }, 'none', units={ failing: 'percentunit', quality: 'percentunit', malformed: 'percentunit', dollars: 'currencyUSD', requests: 'short' }, order=['route', 'provider', 'model', 'requests', 'failing', 'quality', 'malformed', 'violations', 'dollars'], worst='failing'),
          },
        ],
      },
      {
        title: 'For comparison with the rest of your system',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Requests', 'Requests per second by route. Bad: a sudden drop.', { '{{route}}': q.rate('llm_requests_total', 'route') }, 'reqps', stack=true) + panel.drill('tocsin-outage', ['route']) },
          { w: 8, h: 8, panel: panel.graph('Quality by route', 'Mean composite score over 30 minutes. Bad: a lasting decline.', { '{{route}}': 'route_scorer:llm_quality_score:mean{scorer="composite", route=~"$route"}' }, 'percentunit', 'no scored calls', max=1) + panel.drill('tocsin-quality', ['route']) },
          { w: 8, h: 8, panel: panel.graph('Dollars per hour', 'Rate of spending by model. Bad: a step.', { '{{model}}': '3600 * ' + q.rate('llm_cost_usd_total', 'model') }, 'currencyUSD', 'no prices', stack=true) + panel.drill('tocsin-cost', ['model']) },
        ],
      },
    ]
  )
