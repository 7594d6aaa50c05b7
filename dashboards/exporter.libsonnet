// Does Tocsin itself see?
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  local own(metric, by) = 'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric, d.scrape()];
  local gauge(metric, by='instance') = 'max by (%s) (%s{%s})' % [by, metric, d.scrape()];
  d.new(
    'exporter', 'Tocsin / Exporter', 'Does Tocsin itself see? Every way to lose an event has a line here.',
    [v.provider, v.model, v.route],
    [
      {
        title: 'Events',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Read', 'Events a second by input. Bad: 0 while your gateway serves.', { '{{input}}': own('tocsin_events_read_total', 'input') }, 'eps', 'nothing read') },
          { w: 8, h: 8, panel: panel.graph('Skipped', 'Events that could not be counted, by reason. Bad: any for long; `/recent` names them.', { '{{input}} {{reason}}': own('tocsin_events_skipped_total', 'input, reason') }, 'eps', 'none skipped') },
          { w: 8, h: 8, panel: panel.graph('Unusable fields', 'Optional fields with a wrong type, left out. Bad: a rise after an upgrade of the gateway.', { '{{field}}': own('tocsin_field_errors_total', 'field') }, 'eps', 'none') },
          { w: 8, h: 8, panel: panel.graph('Lag', 'Age of the newest counted event while something is unread. Bad: over a minute.', { '{{instance}}': gauge('tocsin_ingest_lag_seconds') }, 's', 'no exporter', thresholds=[config.exporter.lagSeconds]) },
          { w: 8, h: 8, panel: panel.graph('Backlog', 'Bytes known to be unread, and the spool of webhooks.', {
            'unread {{input}}': gauge('tocsin_ingest_backlog_bytes', 'input'),
            'spool {{instance}}': gauge('tocsin_spool_bytes'),
          }, 'bytes', 'nothing unread') },
          { w: 8, h: 8, panel: panel.graph('Lost and duplicate', 'Inputs destroyed before they were read, and events seen before. Bad: any lost.', {
            'lost {{reason}}': own('tocsin_streams_lost_total', 'reason'),
            'duplicate {{input}}': own('tocsin_events_duplicate_total', 'input'),
          }, 'eps', 'none') },
          { w: 8, h: 8, panel: panel.graph('Refused', 'Webhook deliveries, and texts for the guard, that were refused, by reason. Bad: any for long: lost, or not looked at, unless they come again.', { '{{reason}}': own('tocsin_ingest_refused_total', 'reason') }, 'reqps', 'none refused') },
          { w: 8, h: 8, panel: panel.graph('Late', 'Share of requests that were over ten minutes old when they were counted. No alert on outages or money looks at those. Bad: near 1: a wrong clock or time zone.', { '{{route}}': q.share('llm_late_requests_total', 'llm_requests_total', 'route') }, 'percentunit', 'none late', max=1, thresholds=[config.exporter.lateRatio]) },
          { w: 8, h: 8, panel: panel.graph('Unusable', 'Configured inputs that cannot be read, state that cannot be written, a configuration that was refused. Bad: anything over 0.', {
            'input {{reason}}': gauge('tocsin_input_unusable', 'reason'),
            'state {{instance}}': gauge('tocsin_state_degraded'),
            'configuration {{instance}}': '1 - min by (instance) (tocsin_config_last_reload_successful{%s})' % d.scrape(),
          }, 'none', 'no exporter') },
        ],
      },
      {
        title: 'Blind spots',
        panels: [
          { w: 6, h: 7, panel: panel.graph('Unscored share', 'Answers without a score. Bad: near 1: quality alerts of the route cannot fire.', { '{{route}}': q.unscored('route') }, 'percentunit', 'all are scored', max=1) },
          { w: 6, h: 7, panel: panel.graph('Without usage', 'Share of requests that report no tokens. Bad: any for long: cost is too low by as much.', { '{{provider}}/{{model}}': q.share('llm_usage_missing_total', 'llm_requests_total', 'provider, model') }, 'percentunit', 'all report usage', max=1) },
          { w: 6, h: 7, panel: panel.graph('Instrumented', '1 while a category has a live signal. Bad: 0: none of its alerts can fire.', { '{{category}}': gauge('tocsin_category_instrumented', 'category') }, 'none', 'no exporter', max=1) },
          { w: 6, h: 7, panel: panel.graph('Without a price', 'Tokens a second without a known price.', { '{{provider}}/{{model}}': q.rate('llm_unpriced_tokens_total', 'provider, model') }, 'short', 'all are priced') },
        ],
      },
      {
        title: 'State and size',
        panels: [
          { w: 6, h: 8, panel: panel.graph('Age of the last commit', 'Seconds since state was written. Bad: over a minute: a crash would count again from there.', { '{{instance}}': 'time() - max by (instance) (tocsin_last_commit_timestamp_seconds{%s})' % d.scrape() }, 's', 'no exporter', thresholds=[60]) },
          { w: 6, h: 8, panel: panel.graph('Commits', 'Commits a second, and those that failed. Bad: any failed.', {
            commits: own('tocsin_commits_total', 'instance'),
            failed: own('tocsin_commit_failures_total', 'instance'),
          }, 'ops', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('Series used', 'Share of the bound on series. Bad: over 0.9: labels will be folded.', { '{{instance}}': '%s / %s' % [gauge('tocsin_series'), gauge('tocsin_series_max')] }, 'percentunit', 'no exporter', thresholds=[config.exporter.seriesRatio], max=1) },
          { w: 6, h: 8, panel: panel.graph('Folded labels', 'Events whose labels were folded into other. Bad: a rise: somebody invents names.', { '{{label}}': own('tocsin_labels_folded_total', 'label') }, 'eps', 'none folded') },
          { w: 6, h: 8, panel: panel.graph('Memory', 'Resident memory.', { '{{instance}}': gauge('process_resident_memory_bytes') }, 'bytes', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('Processor', 'Share of one core.', { '{{instance}}': own('process_cpu_seconds_total', 'instance') }, 'percentunit', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('Slow detectors', 'Answers that a sampled detector had no time for.', { '{{detector}}': own('tocsin_scoring_dropped_total', 'detector') }, 'eps', 'none dropped') },
          { w: 6, h: 8, panel: panel.graph('Silence of tasks', 'Seconds since each task showed that it lives. Bad: over the dashed line: it is stuck.', { '{{instance}} {{task}}': 'time() - max by (instance, task) (tocsin_task_heartbeat_timestamp_seconds{%s})' % d.scrape() }, 's', 'no exporter', thresholds=[config.exporter.heartbeatSeconds]) },
          { w: 6, h: 8, panel: panel.graph('Age of the spool', 'Of its oldest segment. Bad: over the dashed line: deliveries come in faster than they are counted.', { '{{instance}}': gauge('tocsin_spool_oldest_age_seconds') }, 's', 'no spool', thresholds=[config.exporter.spoolAgeSeconds]) },
          { w: 12, h: 8, panel: panel.table('Version', 'What runs, and which detectors.', {
            build: 'max by (instance, mode, version, python) (tocsin_build_info{%s})' % d.scrape(),
          }, 'none', 'no exporter', order=['instance', 'mode', 'version', 'python'], hidden=['build']) },
        ],
      },
    ]
  )
