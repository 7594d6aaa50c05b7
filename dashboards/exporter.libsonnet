// Does Tocsin itself see?
local panel = import 'lib/panel.libsonnet';
function(config)
  local d = (import 'lib/dashboard.libsonnet')(config);
  local q = (import 'lib/query.libsonnet')(d);
  local v = d.variables;
  local own(metric, by) = 'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric, d.scrape()];
  local gauge(metric, by='instance') = 'max by (%s) (%s{%s})' % [by, metric, d.scrape()];
  d.new(
    'exporter', 'Tocsin / Exporter', 'Is Tocsin itself working? Every way to lose an event has a line here.',
    [v.provider, v.model, v.route],
    [
      {
        title: 'Events',
        panels: [
          { w: 8, h: 8, panel: panel.graph('Read', 'Events per second by input. Bad: 0 while your gateway has traffic.', { '{{input}}': own('tocsin_events_read_total', 'input') }, 'eps', 'nothing read') },
          { w: 8, h: 8, panel: panel.graph('Skipped', 'Events that could not be counted, by reason. Bad: any for long; `/recent` lists them.', { '{{input}} {{reason}}': own('tocsin_events_skipped_total', 'input, reason') }, 'eps', 'none skipped') },
          { w: 8, h: 8, panel: panel.graph('Unusable fields', 'Optional fields that were ignored because their value is unusable. Bad: a rise after a gateway upgrade.', { '{{field}}': own('tocsin_field_errors_total', 'field') }, 'eps', 'none') },
          { w: 8, h: 8, panel: panel.graph('Lag', 'Age of the newest counted event while there is unread data. Bad: over a minute.', { '{{instance}}': gauge('tocsin_ingest_lag_seconds') }, 's', 'no exporter', thresholds=[config.exporter.lagSeconds]) },
          { w: 8, h: 8, panel: panel.graph('Backlog', 'Unread bytes, and the webhook spool.', {
            'unread {{input}}': gauge('tocsin_ingest_backlog_bytes', 'input'),
            'spool {{instance}}': gauge('tocsin_spool_bytes'),
          }, 'bytes', 'nothing unread') },
          { w: 8, h: 8, panel: panel.graph('Lost and duplicate', 'Log files that were destroyed before they were read, and duplicate events. Bad: any lost.', {
            'lost {{reason}}': own('tocsin_streams_lost_total', 'reason'),
            'duplicate {{input}}': own('tocsin_events_duplicate_total', 'input'),
          }, 'eps', 'none') },
          { w: 8, h: 8, panel: panel.graph('Refused', 'Refused webhook deliveries and guard checks, by reason. Bad: any for long: lost unless the sender retries.', { '{{reason}}': own('tocsin_ingest_refused_total', 'reason') }, 'reqps', 'none refused') },
          { w: 8, h: 8, panel: panel.graph('Late', 'Share of requests that were over ten minutes old when they were counted. No outage or cost alert includes them. Bad: near 1: a wrong clock or time zone.', { '{{route}}': q.share('llm_late_requests_total', 'llm_requests_total', 'route') }, 'percentunit', 'none late', max=1, thresholds=[config.exporter.lateRatio]) },
          { w: 8, h: 8, panel: panel.graph('Unusable', 'Configured inputs that cannot be read, state that cannot be written, a rejected configuration. Bad: over 0.', {
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
          { w: 6, h: 7, panel: panel.graph('Without usage', 'Share of requests that report no tokens. Bad: any for long: cost is underreported by that share.', { '{{provider}}/{{model}}': q.share('llm_usage_missing_total', 'llm_requests_total', 'provider, model') }, 'percentunit', 'all report usage', max=1) },
          { w: 6, h: 7, panel: panel.graph('Instrumented', '1 while a category has a live signal. Bad: 0: none of its alerts can fire.', { '{{category}}': gauge('tocsin_category_instrumented', 'category') }, 'none', 'no exporter', max=1) },
          { w: 6, h: 7, panel: panel.graph('Without a price', 'Tokens per second without a known price.', { '{{provider}}/{{model}}': q.rate('llm_unpriced_tokens_total', 'provider, model') }, 'short', 'all are priced') },
        ],
      },
      {
        title: 'State and size',
        panels: [
          { w: 6, h: 8, panel: panel.graph('Age of the last commit', 'Seconds since state was written. Bad: over a minute: after a crash, counting resumes from there.', { '{{instance}}': 'time() - max by (instance) (tocsin_last_commit_timestamp_seconds{%s})' % d.scrape() }, 's', 'no exporter', thresholds=[60]) },
          { w: 6, h: 8, panel: panel.graph('Commits', 'Commits per second, and failed ones. Bad: any failed.', {
            commits: own('tocsin_commits_total', 'instance'),
            failed: own('tocsin_commit_failures_total', 'instance'),
          }, 'ops', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('Series used', 'Share of the series limit in use. Bad: over 0.9: labels will be folded.', { '{{instance}}': '%s / %s' % [gauge('tocsin_series'), gauge('tocsin_series_max')] }, 'percentunit', 'no exporter', thresholds=[config.exporter.seriesRatio], max=1) },
          { w: 6, h: 8, panel: panel.graph('Folded labels', 'Events whose labels were folded into other. Bad: a rise: a client generates new names.', { '{{label}}': own('tocsin_labels_folded_total', 'label') }, 'eps', 'none folded') },
          { w: 6, h: 8, panel: panel.graph('Memory', 'Resident memory.', { '{{instance}}': gauge('process_resident_memory_bytes') }, 'bytes', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('CPU', 'Share of one core.', { '{{instance}}': own('process_cpu_seconds_total', 'instance') }, 'percentunit', 'no exporter') },
          { w: 6, h: 8, panel: panel.graph('Slow detectors', 'Answers that a sampled detector dropped for lack of time.', { '{{detector}}': own('tocsin_scoring_dropped_total', 'detector') }, 'eps', 'none dropped') },
          { w: 6, h: 8, panel: panel.graph('Task heartbeats', 'Seconds since each task\'s last heartbeat. Bad: over the dashed line: the task is stuck.', { '{{instance}} {{task}}': 'time() - max by (instance, task) (tocsin_task_heartbeat_timestamp_seconds{%s})' % d.scrape() }, 's', 'no exporter', thresholds=[config.exporter.heartbeatSeconds]) },
          { w: 6, h: 8, panel: panel.graph('Age of the spool', 'Age of the oldest segment. Bad: over the dashed line: deliveries arrive faster than they are counted.', { '{{instance}}': gauge('tocsin_spool_oldest_age_seconds') }, 's', 'no spool', thresholds=[config.exporter.spoolAgeSeconds]) },
          { w: 12, h: 8, panel: panel.table('Version', 'Running version and detectors.', {
            build: 'max by (instance, mode, version, python) (tocsin_build_info{%s})' % d.scrape(),
          }, 'none', 'no exporter', order=['instance', 'mode', 'version', 'python'], hidden=['build']) },
        ],
      },
    ]
  )
