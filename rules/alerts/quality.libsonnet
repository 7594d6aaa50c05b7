// Requests succeed, but the answers are worse.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local score = (import '../lib/score.libsonnet')(config);
  local signals = (import '../lib/signals.libsonnet')(config);
  local surges = (import '../lib/surges.libsonnet')(config);
  local c = config.quality;
  local route = ['route'];
  local mean = 'route_scorer:llm_quality_score:mean';
  local baseline = '{{ with printf `max(last_over_time(route_scorer:llm_quality_score:baseline7d{route=%%q, scorer=%%q}[%s]))` $labels.route $labels.scorer | query }} against a baseline of {{ . | first | value | printf "%%.2f" }}{{ end }}' % q.duration(900);
  // What is wrong with the answers, if a counter shows it: a composite score names no cause.
  local wrong(events, whole, text) = alert.asked(
    'sum(%s) / sum(%s) > 0.05' % [q.increase(metric, c.window, 'route=%[1]q') for metric in [events, whole]], route,
    ' {{ . | first | value | humanizePercentage }} %s.' % text
  );
  local causes = wrong('llm_format_failures_total', 'llm_format_checks_total', 'are not in the requested format')
                 + wrong('llm_refusals_total', 'llm_answers_checked_total', 'refuse')
                 + wrong('llm_truncations_total', 'llm_requests_total', 'are cut off');
  // A judge that scores everything 0 is not the fault of a route.
  local together = alert.asked(
    'count(max by (route) (route_scorer:llm_quality_score:incident{%s}) == 1) > 2' % 'scorer=%[1]q', ['scorer'],
    ' {{ . | first | value | printf "%.0f" }} routes got worse by this score: look first at the scorer, and at what they share.'
  );
  local quality = { category: 'quality', ownership: 'route', keys: route };
  local lately = quality { window: c.window, 'for': 600 };
  local lasting = lately { keepFiringFor: c.keepFiringFor };
  // A share of checked answers above a limit, with a minimum of them. Parts of histograms are summed like these.
  local share(key, ratio, events, whole) =
    local sum = if std.endsWith(whole, '_count') then q.sumIncrease else q.sumRises;
    q.live(|||
      (
        (%(part)s)
        / %(whole)s
        > %(on)s %(ratio)s
      )
    ||| % {
      part: q.atLeast(sum(route, events, c.window), c.signalMinimum),
      whole: if whole == 'llm_requests_total' then q.requests else sum(route, whole, c.window), on: q.on(route), ratio: q.threshold(key, ratio),
    });
  local deviates(s) = signals.breachOfMany(s, c.badMinimum);
  [
    alert.groups('quality', [
      lasting {
        name: 'LLMQualityScoreDropped',
        severity: 'page',
        keys: score.keys,
        metric: 'llm_quality_score',
        threshold: 'more than quality.dropRatio under the baseline, beyond quality.standardErrors, or quality.quietStandardErrors if evaluated over hours; at least quality.minimumCalls',
        requirement: 'B1, B6, B7, E2',
        'for': c.pageFor,
        expr: |||
          %s
          and %s (max %s (route_scorer:llm_quality_score:incident) == 1)
          unless %s (
            %s
          )
        ||| % [
          mean, q.on(score.keys), q.by(score.keys), q.on(score.keys),
          q.indented(score.explainedByFormat('quality.dropRatio', c.dropRatio), 2),
        ],
        summary: 'Answers of {{ $labels.route }} got worse.',
        description: 'The {{ $labels.scorer }} score is {{ printf "%.2f" $value }},' + baseline + '.' + causes + together + alert.changes(route) + alert.since('LLMQualityScoreDropped', score.keys) + alert.affected(route),
      },
    ], config.intervals.default),
    alert.groups('quality-signals', [
      lasting {
        name: 'LLMQualityScoreSlipping',
        severity: 'ticket',
        keys: score.keys,
        metric: 'llm_quality_score',
        threshold: 'more than quality.ticketDropRatio under the baseline, beyond quality.standardErrors, or quality.quietStandardErrors if evaluated over hours; at least quality.minimumCalls',
        requirement: 'E3, P10',
        'for': c.ticketFor,
        expr: |||
          %s
          and %s (max %s (
            %s
          ) == 1)
          unless %s (
            %s
          )
        ||| % [
          mean, q.on(score.keys), q.by(score.keys), q.indented(score.under('quality.ticketDropRatio', c.ticketDropRatio), 2),
          q.on(score.keys), q.indented(score.explainedByFormat('quality.ticketDropRatio', c.ticketDropRatio), 2),
        ],
        summary: 'Answers of {{ $labels.route }} are getting worse.',
        description: 'The {{ $labels.scorer }} score is {{ printf "%.2f" $value }},' + baseline + '.' + alert.changes(route),
      },
      lasting {
        name: 'LLMBadAnswers',
        severity: 'ticket',
        keys: score.keys,
        metric: 'llm_quality_score',
        threshold: 'scores <= 0.5 over quality.badFactor x their baseline and quality.badRatio; at least quality.badMinimum',
        requirement: 'B1',
        expr: deviates(signals.bad_score),
        summary: 'More answers of {{ $labels.route }} are bad.',
        description: '{{ $value | humanizePercentage }} of the answers of the last 30 minutes have a {{ $labels.scorer }} score of 0.5 or less; the mean may not show it.' + alert.changes(route),
      },
      lasting {
        name: 'LLMHallucinationSignals',
        severity: 'ticket',
        keys: ['route', 'signal'],
        metric: 'llm_hallucination_signals_total, llm_hallucination_checks_total',
        threshold: 'over quality.hallucinationFactor x the baseline, quality.hallucinationRise above it, beyond quality.standardErrors',
        requirement: 'B2, B-1',
        'for': 1800,
        local s = signals.hallucination,
        // Above the highest of three limits: a share of the baseline, points above it, and chance.
        expr: |||
          %(sample)s
          > %(on)s max %(by)s (
            %(limit)s
            or %(points)s
            or %(chance)s
          )
        ||| % {
          local base = signals.base(s),
          sample: signals.recorded(s), on: q.on(s.keys), by: q.by(s.keys), limit: signals.limit(s, base),
          points: q.labelled('%s + %s' % [base, q.number(c.hallucinationRise)], 'bound', 'points'),
          chance: q.labelled(
            '%(base)s + %(on)s %(errors)s * sqrt(%(base)s * (1 - %(base)s) / %(on)s %(checks)s)' % {
              base: base, on: q.on(s.keys), errors: q.number(c.standardErrors), checks: s.checks,
            }, 'bound', 'chance',
          ),
        },
        summary: 'More answers of {{ $labels.route }} show the hallucination signal {{ $labels.signal }}.',
        description: '{{ $value | humanizePercentage }} of the answers checked in the last 30 minutes. A signal is not proof: review a sample.' + alert.changes(route),
      },
      lasting {
        name: 'LLMRefusalsHigh',
        severity: 'ticket',
        metric: 'llm_refusals_total, llm_answers_checked_total',
        threshold: 'over quality.refusalFactor x the baseline and quality.refusalRatio; at least quality.badMinimum',
        requirement: 'B1',
        expr: deviates(signals.refusal),
        summary: '{{ $labels.route }} refuses more often than before.',
        description: '{{ $value | humanizePercentage }} of the answers of the last 30 minutes are refusals.' + alert.changes(route),
      },
      lasting {
        name: 'LLMAnswersEmpty',
        severity: 'ticket',
        metric: 'llm_unscored_total{reason="empty"}, llm_requests_total',
        threshold: 'at least safety.surgeMinimum and over quality.emptyRatio of requests and safety.surgeFactor x the usual share',
        requirement: 'B5, B6',
        expr: surges.breach(surges.empty),
        summary: 'Answers of {{ $labels.route }} are empty.',
        description: '{{ printf "%.0f" $value }} answers of the last 30 minutes have HTTP 200 but no text.' + alert.changes(route) + alert.since('LLMAnswersEmpty', route),
      },
      lasting {
        name: 'LLMAnswersShorter',
        severity: 'ticket',
        metric: 'llm_output_chars',
        threshold: 'median under quality.lengthRatio of its baseline; at least quality.minimumCalls',
        requirement: 'B5',
        expr: signals.breach(signals.output_chars),
        summary: 'Answers of {{ $labels.route }} became shorter.',
        description: 'Half of the answers of the last 30 minutes have fewer than {{ printf "%.0f" $value }} characters.' + alert.changes(route),
      },
      lately {
        name: 'LLMAnswersTruncated',
        severity: 'ticket',
        metric: 'llm_truncations_total, llm_requests_total',
        threshold: 'over quality.truncationRatio of requests; at least quality.signalMinimum',
        requirement: 'B5',
        labels: { cause_hint: 'max_tokens' },
        expr: share('quality.truncationRatio', c.truncationRatio, 'llm_truncations_total', 'llm_requests_total'),
        summary: 'Answers of {{ $labels.route }} are cut off.',
        description: '{{ $value | humanizePercentage }} of the answers of the last 30 minutes ended at a length limit.',
      },
      lately {
        name: 'LLMConfidenceLow',
        severity: 'ticket',
        metric: 'llm_low_confidence_total, llm_confidence',
        threshold: 'confidence under 0.85 in over quality.lowConfidenceRatio of answers that have one; at least quality.signalMinimum',
        requirement: 'B-4',
        expr: share('quality.lowConfidenceRatio', c.lowConfidenceRatio, 'llm_low_confidence_total', 'llm_confidence_count'),
        summary: 'Answers of {{ $labels.route }} have low confidence.',
        description: '{{ $value | humanizePercentage }} of the answers with a confidence in the last 30 minutes were below 0.85: have a person review them.',
      },
      lately {
        name: 'LLMAnswersOffTopic',
        severity: 'ticket',
        metric: 'llm_off_topic_total, llm_semantic_similarity',
        threshold: 'over quality.offTopicRatio of answers compared, at least quality.signalMinimum; or their similarity to the question under quality.similarityRatio of its baseline, which is over quality.similarityMinimum; at least quality.minimumCalls',
        requirement: 'B4, B-3',
        // A single short answer cannot be called off topic: only all of them together are less similar.
        local s = signals.similarity,
        expr: '%s\nor %s\n%sand %s (%s > %s)' % [
          share('quality.offTopicRatio', c.offTopicRatio, 'llm_off_topic_total', 'llm_semantic_similarity_count'),
          q.on(route), signals.breach(s), q.on(route), signals.base(s), q.number(c.similarityMinimum),
        ],
        summary: 'Answers of {{ $labels.route }} are not about the question.',
        description: alert.asked(
          'sum(%s) / sum(%s)' % [
            q.increase(metric, c.window, 'route=%[1]q')
            for metric in ['llm_off_topic_total', 'llm_semantic_similarity_count']
          ], route, '{{ . | first | value | humanizePercentage }} of the answers of the last 30 minutes are off topic.'
        ) + alert.asked(
          'max(%s)' % signals.recorded(s { matcher: 'route=%q, ' + super.matcher }), route,
          ' Their similarity to the questions is {{ . | first | value | printf "%.2f" }}'
        ) + alert.asked(
          'max(%s)' % signals.bases(s { matcher: 'route=%q, ' + super.matcher }), route,
          ', {{ . | first | value | printf "%.2f" }} is usual.'
        ),
      },
      lately {
        name: 'LLMWrongLanguage',
        severity: 'ticket',
        metric: 'llm_language_mismatches_total, llm_language_checks_total',
        threshold: 'over quality.languageRatio of answers checked; at least quality.signalMinimum',
        requirement: 'B4',
        expr: share('quality.languageRatio', c.languageRatio, 'llm_language_mismatches_total', 'llm_language_checks_total'),
        summary: '{{ $labels.route }} answers in the wrong language.',
        description: '{{ $value | humanizePercentage }} of the answers of the last 30 minutes are not in the requested language.',
      },
      lately {
        name: 'LLMAnswersRepetitive',
        severity: 'ticket',
        metric: 'llm_repetitions_total, llm_answers_checked_total',
        threshold: 'over quality.repetitionRatio of answers checked; at least quality.signalMinimum',
        requirement: 'B1',
        expr: share('quality.repetitionRatio', c.repetitionRatio, 'llm_repetitions_total', 'llm_answers_checked_total'),
        summary: 'Answers of {{ $labels.route }} repeat themselves.',
        description: '{{ $value | humanizePercentage }} of the answers of the last 30 minutes repeat themselves.',
      },
      quality {
        name: 'LLMInputDrift',
        severity: 'ticket',
        metric: 'llm_input_drift_psi',
        threshold: 'over quality.inputPsi',
        requirement: 'B-3, P5',
        'for': 1800,
        keys: ['route', 'feature'],
        labels: { cause_hint: 'input' },
        // A gauge that no longer changes: for a route that has been silent for a day there is nothing to investigate.
        expr: q.live('(max %s (%s) > %s %s\nunless %s (max_over_time(route:llm_requests:increase15m[%s:%s]) < 0.5))' % [
          q.by(['route', 'feature']), q.metric('llm_input_drift_psi'), q.on(route) + ' group_left ()',
          q.threshold('quality.inputPsi', c.inputPsi, q.metric('llm_input_drift_psi')),
          q.on(route), q.duration(86400), q.duration(900),
        ]),
        summary: 'What users send to {{ $labels.route }} has changed in {{ $labels.feature }}.',
        description: 'The population stability index of {{ $labels.feature }} is {{ printf "%.2f" $value }} relative to the past of the route.' + alert.asked(
          'topk(1, %s)' % q.metric('llm_input_drift_gain', 'route=%q, feature=%q'), ['route', 'feature'], ' What grew most: {{ . | first | label "segment" }}.'
        ),
      },
      lately {
        name: 'LLMScorerSilent',
        severity: 'ticket',
        keys: score.keys,
        metric: 'llm_quality_score, llm_requests_total',
        threshold: 'no score of at least quality.minimumCalls requests; over quality.silentUsual scores in as long a day before, and for quality.silentHours hours of the last three days',
        requirement: 'B1, B7',
        'for': 1800,
        // A judge that runs once a day is silent for the rest of it, and one that samples is silent during low traffic.
        expr: |||
          %(scores)s < 0.5
          and %(on)s (%(scores)s offset %(day)s > %(usual)s)
          and %(on)s (sum_over_time((%(scores)s > bool %(usual)s)[%(days)s:%(quarter)s]) > %(times)s)
          and %(onRoute)s (%(asked)s)
        ||| % {
          scores: score.counts, on: q.on(score.keys), usual: q.number(c.silentUsual), day: q.duration(86400), days: q.duration(3 * 86400), quarter: q.duration(900),
          times: '%s * %d' % [q.number(c.silentHours), 3600 / 900], onRoute: q.on(route), asked: q.atLeast(q.requests, c.minimumCalls),
        },
        summary: 'The scorer {{ $labels.scorer }} of {{ $labels.route }} has stopped.',
        description: 'It has scored no answer for half an hour although there are requests: a drop in quality would go unnoticed.',
      },
      quality {
        name: 'LLMQualityQuietRoute',
        severity: 'info',
        keys: score.keys,
        metric: 'llm_quality_score',
        threshold: 'fewer than quality.minimumCalls scored calls in 30 m: evaluated over 1 h, 2 h or 6 h, the first with enough',
        requirement: 'B7',
        window: c.quietWindows[std.length(c.quietWindows) - 1],
        'for': 1800,
        expr: score.quietRoutes,
        summary: '{{ $labels.route }} is evaluated over hours.',
        description: 'Too few answers are scored in 30 minutes, so the last one, two or six hours are evaluated ({{ printf "%.0f" $value }} answers): a drop alerts later.',
      },
      quality {
        name: 'LLMQualityWarmingUp',
        severity: 'info',
        keys: score.keys,
        metric: 'llm_quality_score',
        threshold: 'scored, and no baseline yet',
        requirement: 'B7',
        expr: '%s unless %s %s' % [mean, q.on(score.keys), q.latest('route_scorer:llm_quality_score:baseline7d')],
        summary: '{{ $labels.route }} has no quality baseline yet.',
        description: 'The {{ $labels.scorer }} score is {{ printf "%.2f" $value }}. Drops alert once two hours have been learned.',
      },
    ], config.intervals.tickets),
  ]
