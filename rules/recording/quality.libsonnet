// Quality scores and their baselines. A baseline is the mean of the healthy samples of a week: samples taken during an
// incident are excluded by a separate 0/1 series, so that a drop that is never fixed never becomes normal.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local score = (import '../lib/score.libsonnet')(config);
  local baseline = (import '../lib/baseline.libsonnet')(config);
  local c = config;
  local keys = ['route', 'scorer'];
  [
    {
      name: 'tocsin-quality-scores',
      interval: q.duration(c.intervals.default),
      rules: [
        {
          record: 'route_scorer:llm_quality_score_sum:increase30m',
          expr: q.live(q.sumIncrease(keys, 'llm_quality_score_sum', c.quality.window)),
        },
        {
          record: 'route_scorer:llm_quality_score_count:increase30m',
          expr: q.live(q.sumIncrease(keys, 'llm_quality_score_count', c.quality.window)),
        },
        { record: 'route_scorer:llm_quality_score:mean', expr: score.mean },
        { record: 'route_scorer:llm_quality_score:incident', expr: score.incident },
      ],
    },
    {
      name: 'tocsin-quality-quiet',
      interval: q.duration(c.intervals.baseline),
      rules: [
        { record: 'route_scorer:llm_quality_score_quiet:calls', expr: score.quiet('calls') },
        { record: 'route_scorer:llm_quality_score_quiet:mean', expr: score.quiet('mean') },
      ],
    },
    {
      name: 'tocsin-quality-baselines',
      interval: q.duration(c.intervals.baseline),
      rules: [
        { record: 'route_scorer:llm_quality_score:stddev30m', expr: score.deviation },
        {
          record: 'route_scorer:llm_quality_score_healthy:mean',
          expr: |||
            %s
            unless %s (route_scorer:llm_quality_score:incident == 1)
          ||| % [
            std.rstripChars(baseline.identified('route_scorer:llm_quality_score:mean'), '\n'),
            q.on(keys + ['baseline']),
          ],
        },
        {
          record: 'route_scorer:llm_quality_score:baseline7d',
          expr: baseline.usual(
            'route_scorer:llm_quality_score_healthy:mean', keys + ['baseline'], 'route_scorer:llm_quality_score:baseline7d'
          ),
        },
      ],
    },
  ]
