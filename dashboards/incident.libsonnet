// A runbook as a page: an alert opens it with its own labels, and it is read from top to bottom.
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  d.new(
    'incident', 'Tocsin / Incident', 'One incident from top to bottom: stop it, verify it, find the layer, see it resolve.',
    [v.provider, v.model, v.route, v.scorer],
    [
      {
        title: '1. Stop the bleeding',
        panels: [
          { w: 12, h: 8, panel: panel.text('First five minutes', 'What to do before you look for causes.', |||
            1. Open the runbook of the alert (link in the list on the right). Its first section stops the bleeding and says the way back.
            2. **Outage**: fail over to the backup model. **Quality**: pin the model or roll the prompt back. **Cost**: throttle the
               consumer on top of the list. **Safety**: block such answers; tell legal and communications within 30 minutes.
            3. No automatic change of model, prompt or routing is made for safety: a person decides.
          |||) },
          { w: 12, h: 8, panel: panel.alerts('Firing', 'Firing alerts. Each links to its runbook and dashboard.', '{category=~".+"}') },
        ],
      },
      {
        title: '2. Is it real?',
        panels: [
          { w: 6, h: 7, panel: panel.graph('Requests', 'With few requests, ratios are noisy. Bad: the ratio beside moves while this is near 0.', { '{{route}}': q.rate('llm_requests_total', 'route') }, 'reqps') },
          { w: 6, h: 7, panel: panel.graph('Failing share', 'Outages and other failures: an expired key, a withdrawn model, a quota. Bad: over 1 minus the objective; any near 1.', {
            '{{provider}}/{{model}}': q.share('llm_request_failures_total', 'llm_requests_total', 'provider, model', q.outages),
            'otherwise {{provider}}/{{model}}': q.share('llm_request_failures_total', 'llm_requests_total', 'provider, model', q.otherwise),
          }, 'percentunit', max=1, thresholds=[config.outage.totalRatio]) },
          { w: 6, h: 7, panel: panel.graph('Score and baseline', 'Bad: the score leaves its baseline and does not return.', {
            '{{route}} {{scorer}}': 'route_scorer:llm_quality_score:mean{route=~"$route", scorer=~"$scorer"}',
            'baseline {{route}} {{scorer}}': 'max by (route, scorer) (last_over_time(route_scorer:llm_quality_score:baseline7d{route=~"$route", scorer=~"$scorer"}[15m]))',
          }, 'percentunit', 'no scored calls', max=1, faint='baseline') },
          { w: 6, h: 7, panel: panel.graph('Dollars per hour', 'Rate of spending by model. Bad: a step.', { '{{model}}': '3600 * ' + q.rate('llm_cost_usd_total', 'model') }, 'currencyUSD', 'no prices', stack=true) },
        ],
      },
      {
        title: '3. Which layer? Input, prompt, model, output, downstream',
        panels: [
          { w: 8, h: 7, panel: panel.graph('Input: drift', 'Drift of user inputs, by feature. Bad: over the dashed line: the requests changed.', {
            '{{feature}}': 'max by (feature) (llm_input_drift_psi{%s})' % d.scrape('route=~"$route"'),
            'share gained by {{feature}} {{segment}}': 'max by (feature, segment) (llm_input_drift_gain{%s})' % d.scrape('route=~"$route"'),
          }, 'none', 'learning', thresholds=[config.quality.inputPsi]) },
          { w: 8, h: 7, panel: panel.graph('Input: attempts', 'Injection attempts by role.', { '{{role}}': q.rate('llm_injection_attempts_total', 'role') }, 'reqps', 'none') },
          { w: 8, h: 7, panel: panel.table('Prompt: in use', 'Prompt versions in use, and how often they changed in the shown range.', {
            'in use': 'max by (route, name, version) (llm_prompt_info{%s})' % d.scrape('route=~"$route"'),
            changes: 'round(sum by (route, name) (increase(llm_prompt_changes_total{%s}[$__range]))) * on (route, name) group_right () max by (route, name, version) (llm_prompt_info{%s})' % [d.scrape('route=~"$route"'), d.scrape('route=~"$route"')],
          }, 'none', 'no prompt is logged', order=['route', 'name', 'version', 'changes'], worst='changes', hidden=['in use']) },
          { w: 8, h: 7, panel: panel.table('Model: serving', 'The served model, and how often it changed in the shown range.', {
            serving: 'max by (provider, model, served, fingerprint) (llm_model_info{%s})' % d.selector(),
            changes: 'round(sum by (provider, model) (increase(llm_model_changes_total{%s}[$__range]))) * on (provider, model) group_right () max by (provider, model, served, fingerprint) (llm_model_info{%s})' % [d.selector(), d.selector()],
          }, 'none', 'no served model is logged', order=['provider', 'model', 'served', 'fingerprint', 'changes'], worst='changes', hidden=['serving']) },
          { w: 8, h: 7, panel: panel.graph('Output: malformed, truncated, refusing', 'Shares of answers.', {
            'malformed {{route}}': q.share('llm_format_failures_total', 'llm_format_checks_total', 'route'),
            'truncated {{route}}': q.share('llm_truncations_total', 'llm_requests_total', 'route'),
            'refusing {{route}}': q.share('llm_refusals_total', 'llm_answers_checked_total', 'route'),
          }, 'percentunit', 'no answers checked', max=1) },
          { w: 8, h: 7, panel: panel.graph('Downstream: what callers did', 'Cancelled requests, and flags by people. Bad: users give up.', {
            cancelled: q.total('llm_request_failures_total', 'reason="cancelled"'),
            'flag {{reason}}': 'sum by (reason) (rate(llm_user_flags_total{%s}[$__rate_interval]))' % d.scrape('route=~"$route"'),
          }, 'reqps', 'none') },
        ],
      },
      {
        title: '4. Is it over? Are we blind?',
        panels: [
          { w: 12, h: 6, panel: panel.graph('Alerts over time', 'Each line is a firing alert. Over once there is none for 15 minutes.', { '{{alertname}} {{route}}': 'count by (alertname, route) (ALERTS{alertstate="firing", category=~".+"})' }, 'none', 'nothing fires', stack=true) },
          { w: 6, h: 6, panel: panel.graph('Age of the data', 'Seconds behind the log. Bad: over a minute: this dashboard shows old data.', { '{{instance}}': 'max by (instance) (tocsin_ingest_lag_seconds{%s})' % d.scrape() }, 's', 'no exporter') },
          { w: 6, h: 6, panel: panel.graph('Unscored share', 'Answers without a score. Bad: near 1: quality alerts cannot fire.', { '{{route}}': q.unscored('route') }, 'percentunit', 'all are scored', max=1) },
        ],
      },
    ]
  )
