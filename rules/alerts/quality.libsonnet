// Requests succeed and the answers are worse.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  local score = (import '../lib/score.libsonnet')(config);
  local c = config.quality;
  local keys = ['route', 'scorer'];
  local dropped(series) = |||
    route_scorer:llm_quality_score:mean
    and %s (max %s (%s) == 1)
  ||| % [q.on(keys), q.by(keys), series];
  [
    alert.group('quality', [
      {
        name: 'LLMQualityScoreDropped',
        severity: 'page',
        category: 'quality',
        ownership: 'route',
        keys: keys,
        metric: 'llm_quality_score',
        threshold: 'more than quality.dropRatio under the baseline',
        requirement: 'B7, E2',
        'for': c.pageFor,
        keepFiringFor: c.keepFiringFor,
        expr: dropped('route_scorer:llm_quality_score:incident'),
        summary: 'Answers of {{ $labels.route }} got worse: the {{ $labels.scorer }} score is {{ printf "%.2f" $value }}.',
        description: 'x',
      },
    ], config.intervals.default),
  ]
