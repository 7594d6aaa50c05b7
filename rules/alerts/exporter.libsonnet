// Tocsin's own blind spots: what it does not see, and why.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local c = config.exporter;
  local base = { category: 'exporter', ownership: 'fleet' };
  local ticket = base { severity: 'ticket' };
  local total(keys, metric, window, matcher='') =
    (if std.startsWith(metric, 'llm_') then q.sumCounted else q.sumIncrease)(keys, metric, window, matcher);
  // A share above a limit, with a minimum of events.
  local share(keys, part, whole, window, ratio, minimum) =
    |||
      (%(part)s)
      / %(on)s group_left () %(whole)s
      > %(ratio)s
    ||| % {
      part: q.atLeast(part, minimum), on: q.on(whole.keys),
      whole: total(whole.keys, whole.metric, window, whole.matcher), ratio: q.number(ratio),
    };
  local any(keys, metric, window, matcher='') = '%s > 0' % total(keys, metric, window, matcher);
  local highest(keys, metric, text) = 'max %s (%s) %s' % [q.by(keys), q.metric(metric), text];
  local instance = ['instance'];
  // Only if the gateway's own counter is configured: nothing else knows what never arrived.
  local sent = 'sum(increase(%s[%s]))' % [c.gatewayCounter, q.duration(3600)];
  local counted = 'sum(%s)' % q.increase('llm_requests_total', 3600);
  local completeness = if c.gatewayCounter == '' then [] else [ticket {
    name: 'TocsinEventsIncomplete',
    metric: 'llm_requests_total, ' + c.gatewayCounter,
    threshold: 'under exporter.completenessRatio of the gateway\'s count; at least exporter.completenessMinimum',
    requirement: 'A4',
    window: 3600,
    'for': 900,
    expr: |||
      (%(counted)s or vector(0)) / %(sent)s < %(ratio)s
      and %(many)s
    ||| % { counted: counted, sent: sent, ratio: q.number(c.completenessRatio), many: q.atLeast(sent, c.completenessMinimum) },
    summary: 'Tocsin does not receive all requests of the gateway.',
    description: '{{ $value | humanizePercentage }} of the requests that the gateway counted in the last hour arrived here.',
  }];
  [
    alert.groups('exporter', [
      base {
        name: 'TocsinDeadMansSwitch',
        severity: 'info',
        metric: '-',
        threshold: 'always fires',
        requirement: 'A4',
        expr: 'vector(1)',
        summary: 'Alerts of Tocsin can be evaluated and sent.',
        description: 'This alert always fires. Have an external service watch for it: if it stops, no other alert arrives either.',
      },
      base {
        name: 'TocsinAbsent',
        severity: 'page',
        metric: 'tocsin_build_info',
        threshold: 'no exporter is scraped',
        requirement: 'A4',
        'for': c.absentFor,
        // A guard-only process counts no calls and must not hide that the exporter is missing. An older exporter has no label.
        // absent() has no labels: with several fleets, those seen within the last day must still be there.
        local build = q.metric('tocsin_build_info', 'mode!="guard"'),
        local fleets = 'group %(by)s (last_over_time(%(build)s[%(day)s])) unless %(on)s group %(by)s (%(build)s)\nor on ()\n' % {
          by: q.by([]), on: q.on([]), build: build, day: q.duration(86400),
        },
        expr: (if config.aggregationLabels == [] then '' else fleets) + 'absent(%s)' % build,
        summary: 'No Tocsin is scraped.',
        description: 'Quality, cost and safety of the models are not monitored. Check that Tocsin runs and that the scrape job matches the rules.' + alert.since('TocsinAbsent', []),
      },
      base {
        name: 'TocsinIngestStalled',
        severity: 'page',
        keys: [],
        metric: 'tocsin_ingest_lag_seconds, tocsin_events_read_total',
        threshold: 'lag over exporter.stalledSeconds and nothing read',
        requirement: 'A4',
        window: 300,
        'for': c.stalledFor,
        expr: |||
          max %(by)s (%(lag)s) > %(seconds)s
          and %(on)s (sum %(by)s (%(read)s) == 0)
        ||| % {
          by: q.by(instance), on: q.on(instance), lag: q.metric('tocsin_ingest_lag_seconds'),
          seconds: q.seconds(c.stalledSeconds), read: q.increase('tocsin_events_read_total', 300),
        },
        summary: 'Tocsin at {{ $labels.instance }} has stopped reading.',
        description: 'The newest counted event is {{ $value | humanizeDuration }} old, and there is unread data.' + alert.since('TocsinIngestStalled', instance),
      },
    ], config.intervals.default),
    alert.groups('exporter-blindness', [
      ticket {
        name: 'TocsinTargetDown',
        metric: 'up',
        threshold: 'a scrape fails',
        requirement: 'A4',
        'for': c.absentFor,
        expr: 'max %s (%s) == 0' % [q.by(instance), q.metric('up')],
        summary: 'Tocsin at {{ $labels.instance }} cannot be scraped.',
        description: 'Its calls are not monitored meanwhile; they are counted once it is back.' + alert.since('TocsinTargetDown', instance),
      },
      ticket {
        name: 'TocsinIngestLagging',
        metric: 'tocsin_ingest_lag_seconds',
        threshold: 'over exporter.lagSeconds',
        requirement: 'A4',
        'for': c.lagFor,
        expr: highest(instance, 'tocsin_ingest_lag_seconds', '> ' + q.seconds(c.lagSeconds)),
        summary: 'Tocsin at {{ $labels.instance }} is falling behind.',
        description: 'The newest counted event is {{ $value | humanizeDuration }} old.',
      },
      ticket {
        name: 'TocsinEventsUnparsed',
        metric: 'tocsin_events_skipped_total, tocsin_events_read_total',
        threshold: 'over exporter.unparsedRatio of events; at least exporter.unparsedMinimum',
        requirement: 'A4',
        window: 900,
        'for': 300,
        expr: share(
          ['input', 'reason'], total(['input', 'reason'], 'tocsin_events_skipped_total', 900),
          { keys: ['input'], metric: 'tocsin_events_read_total', matcher: '' }, 900, c.unparsedRatio, c.unparsedMinimum,
        ),
        summary: 'Tocsin cannot count events of its {{ $labels.input }} input.',
        description: '{{ $value | humanizePercentage }} of the events of the last 15 minutes were skipped: {{ $labels.reason }}.',
      },
      ticket {
        name: 'TocsinFieldsUnusable',
        metric: 'tocsin_field_errors_total, tocsin_events_counted_total',
        threshold: 'over exporter.fieldErrorRatio of events; at least exporter.unparsedMinimum',
        requirement: 'A4',
        window: 900,
        'for': 300,
        expr: share(
          ['field'], total(['field'], 'tocsin_field_errors_total', 900),
          { keys: [], metric: 'tocsin_events_counted_total', matcher: '' }, 900, c.fieldErrorRatio, c.unparsedMinimum,
        ),
        summary: 'The field {{ $labels.field }} of events is unusable.',
        description: '{{ $value | humanizePercentage }} of the events of the last 15 minutes were counted without it.',
      },
      ticket {
        name: 'LLMAnswersUnscored',
        ownership: 'route',
        keys: ['route'],
        metric: 'llm_unscored_total, llm_scored_total',
        threshold: 'over exporter.unscoredRatio of answers; at least exporter.unscoredMinimum',
        requirement: 'B1, E6',
        window: 3600,
        'for': 600,
        keepFiringFor: 7200,  // a route with a few dozen answers an hour crosses the minimum repeatedly
        // Not blind spots, because nothing can or should be scored: failures, embeddings, tool calls, answers sampled out,
        // disabled content.
        local unscored = total(['route'], 'llm_unscored_total', 3600, 'reason!~"off|failed|no_answer|sampled_out|tool_call"'),
        local scored = total(['route'], 'llm_scored_total', 3600, 'scorer="composite"'),
        // unscored / (unscored + scored), each read once; a route may have no score at all.
        expr: q.live(|||
          (
            1 / (1 + (%(scored)s or %(on)s 0 * group %(by)s (route:llm_route:info)) / %(on)s (%(many)s))
            > %(on)s %(ratio)s
            unless %(onAll)s (max %(byAll)s (%(instrumented)s) == 0)
          )
        ||| % {
          many: q.atLeast(unscored, c.unscoredMinimum), scored: scored, by: q.by(['route']), on: q.on(['route']),
          // If no answer of any route was ever scored, LLMCategoryUninstrumented reports it in one ticket.
          onAll: q.on([]), byAll: q.by([]), instrumented: q.metric('tocsin_category_instrumented', 'category="quality"'),
          ratio: q.threshold('exporter.unscoredRatio', c.unscoredRatio),
        }),
        summary: 'Most answers of {{ $labels.route }} have no quality score.',
        description: '{{ $value | humanizePercentage }} of the answers of the last hour were not scored: their quality is unknown, not good.',
      },
      ticket {
        name: 'TocsinRequestsLate',
        ownership: 'route',
        keys: ['route'],
        metric: 'llm_late_requests_total, llm_requests_total',
        threshold: 'over exporter.lateRatio of requests; at least exporter.lateMinimum',
        requirement: 'A4',
        window: 900,
        'for': 1800,  // longer than a backlog stays in the window
        local late = q.sumIncrease(['route'], 'llm_late_requests_total', 900),
        expr: q.live(|||
          (
            (%(many)s)
            / %(all)s
            > %(on)s %(ratio)s
          )
        ||| % {
          many: q.atLeast(late, c.lateMinimum), all: q.sumIncrease(['route'], 'llm_requests_total', 900), on: q.on(['route']),
          ratio: q.threshold('exporter.lateRatio', c.lateRatio),
        }),
        summary: 'Requests of {{ $labels.route }} arrive late.',
        description: '{{ $value | humanizePercentage }} of the requests of the last 15 minutes were over ten minutes old when they were counted: no outage or cost alert includes them. The sender delivers late, or its clock or time zone is wrong.',
      },
      ticket {
        name: 'LLMUsageMissing',
        keys: ['provider', 'model'],
        metric: 'llm_usage_missing_total, llm_requests_total',
        threshold: 'over exporter.usageMissingRatio of requests; at least exporter.usageMissingMinimum',
        requirement: 'C4',
        window: 3600,
        'for': 300,
        expr: share(
          ['provider', 'model'], total(['provider', 'model'], 'llm_usage_missing_total', 3600),
          { keys: ['provider', 'model'], metric: 'llm_requests_total', matcher: '' }, 3600, c.usageMissingRatio,
          c.usageMissingMinimum,
        ),
        summary: '{{ $labels.provider }}/{{ $labels.model }} does not report token usage.',
        description: '{{ $value | humanizePercentage }} of the requests of the last hour reported no usage; their tokens and cost are unknown, not 0. Streams need `stream_options: {include_usage: true}`.',
      },
      ticket {
        name: 'LLMCategoryUninstrumented',
        metric: 'tocsin_category_instrumented',
        threshold: 'no live signal for exporter.uninstrumentedFor',
        requirement: 'E6',
        'for': c.uninstrumentedFor,
        local signal = 'max %s (%s)' % [q.by(['category']), q.metric('tocsin_category_instrumented')],
        expr: 'label_replace(%s == 0, "uninstrumented", "$1", "category", "(.*)")' % signal,
        summary: 'The category {{ $labels.uninstrumented }} has no data.',
        description: 'No event contains what this category needs: its alerts cannot fire.',
      },
      ticket {
        name: 'TocsinLabelsFolded',
        metric: 'tocsin_labels_folded_total',
        threshold: 'any in an hour',
        requirement: 'C3',
        window: 3600,
        // Label sets that were idle for a month expire, which is harmless.
        expr: any(['label'], 'tocsin_labels_folded_total', 3600, 'label!="expired"'),
        summary: 'Values of the label {{ $labels.label }} are folded into other.',
        description: '{{ printf "%.0f" $value }} events of the last hour: raise `series.max`, or find the source of so many values.',
      },
      ticket {
        name: 'TocsinSeriesNearLimit',
        metric: 'tocsin_series, tocsin_series_max',
        threshold: 'over exporter.seriesRatio of the limit',
        requirement: 'C3',
        'for': 600,
        expr: 'max %s (%s / %s) > %s' % [
          q.by(instance), q.metric('tocsin_series'), q.metric('tocsin_series_max'), q.number(c.seriesRatio),
        ],
        summary: 'Tocsin at {{ $labels.instance }} is near its series limit.',
        description: 'It exports {{ $value | humanizePercentage }} of `series.max`; above it, label values are folded into other.',
      },
      ticket {
        name: 'TocsinCommitFailing',
        metric: 'tocsin_commit_failures_total',
        threshold: 'any in 10 m',
        requirement: 'A4',
        window: 600,
        'for': 300,
        expr: any(instance, 'tocsin_commit_failures_total', 600),
        summary: 'Tocsin at {{ $labels.instance }} cannot save its state.',
        description: '{{ printf "%.0f" $value }} commits of the last 10 minutes failed. Calls are still counted; counters of the guard and of refused deliveries are frozen until a commit succeeds. Check free space and permissions of `storage.path`.',
      },
      ticket {
        name: 'TocsinStateDegraded',
        metric: 'tocsin_state_degraded',
        threshold: '1',
        requirement: 'A4',
        'for': 300,
        expr: highest(instance, 'tocsin_state_degraded', '> 0'),
        summary: 'Tocsin at {{ $labels.instance }} lost its state or cannot write it.',
        description: 'Counters may have restarted at 0.' + alert.since('TocsinStateDegraded', instance),
      },
      ticket {
        name: 'TocsinStreamsLost',
        metric: 'tocsin_streams_lost_total',
        threshold: 'any in an hour',
        requirement: 'A4',
        window: 3600,
        expr: any(['reason'], 'tocsin_streams_lost_total', 3600),
        summary: 'A log was {{ $labels.reason }} before it was read.',
        description: '{{ printf "%.0f" $value }} in the last hour; the events in it are lost.',
      },
      ticket {
        name: 'TocsinDeliveriesRefused',
        metric: 'tocsin_ingest_refused_total',
        threshold: 'at least exporter.refusedMinimum of one reason',
        requirement: 'A4',
        window: 3600,
        expr: q.atLeast(total(['reason'], 'tocsin_ingest_refused_total', 3600), c.refusedMinimum),
        summary: 'Tocsin refuses deliveries: {{ $labels.reason }}.',
        description: '{{ printf "%.0f" $value }} in the last hour: webhook deliveries, whose events are lost, or texts that the guard did not scan.',
      },
      ticket {
        name: 'TocsinReloadFailed',
        metric: 'tocsin_config_last_reload_successful',
        threshold: '0',
        requirement: 'A4',
        'for': 300,
        expr: 'min %s (%s) == 0' % [q.by(instance), q.metric('tocsin_config_last_reload_successful')],
        summary: 'Tocsin at {{ $labels.instance }} runs with an outdated configuration.',
        description: 'The last reload failed; `tocsin config check` shows why.' + alert.since('TocsinReloadFailed', instance),
      },
      ticket {
        name: 'TocsinInputUnusable',
        metric: 'tocsin_input_unusable',
        threshold: 'any',
        requirement: 'A4',
        'for': 300,
        expr: highest(['instance', 'reason'], 'tocsin_input_unusable', '> 0'),
        summary: 'Tocsin at {{ $labels.instance }} cannot read an input.',
        description: '{{ printf "%.0f" $value }} configured inputs: {{ $labels.reason }}.',
      },
      ticket {
        name: 'TocsinSpoolFilling',
        metric: 'tocsin_spool_bytes, tocsin_spool_oldest_age_seconds',
        threshold: 'over exporter.spoolBytes, or older than exporter.spoolAgeSeconds',
        requirement: 'A4',
        'for': 600,
        expr: |||
          %s
          or
          %s
        ||| % [
          highest(instance, 'tocsin_spool_bytes', '> ' + q.number(c.spoolBytes)),
          highest(instance, 'tocsin_spool_oldest_age_seconds', '> ' + q.seconds(c.spoolAgeSeconds)),
        ],
        summary: 'The webhook spool of Tocsin at {{ $labels.instance }} is filling up.',
        description: 'Events arrive faster than they are read, or reading has stopped.',
      },
      ticket {
        name: 'TocsinTaskStuck',
        metric: 'tocsin_task_heartbeat_timestamp_seconds',
        threshold: 'no heartbeat for exporter.heartbeatSeconds',
        requirement: 'A4',
        'for': 120,
        expr: 'time() - max %s (%s) > %s' % [
          q.by(['instance', 'task']), q.metric('tocsin_task_heartbeat_timestamp_seconds'), q.seconds(c.heartbeatSeconds),
        ],
        summary: 'The task {{ $labels.task }} of Tocsin at {{ $labels.instance }} is stuck.',
        description: 'Its last heartbeat was {{ $value | humanizeDuration }} ago.',
      },
      ticket {
        name: 'TocsinScoringDropped',
        metric: 'tocsin_scoring_dropped_total',
        threshold: 'any for 15 m',
        requirement: 'E6',
        window: 900,
        'for': 900,
        expr: any(['detector'], 'tocsin_scoring_dropped_total', 900),
        summary: 'The detector {{ $labels.detector }} cannot keep up.',
        description: '{{ printf "%.0f" $value }} answers of the last 15 minutes were not checked by it.',
      },
    ] + completeness, config.intervals.tickets),
  ]
