// The arithmetic of quality scores, by route and scorer.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.quality;
  local keys = ['route', 'scorer'];
  local sums = 'route_scorer:llm_quality_score_sum:increase30m';
  local counts = 'route_scorer:llm_quality_score_count:increase30m';
  local mean = 'route_scorer:llm_quality_score:mean';
  local quietCalls = 'route_scorer:llm_quality_score_quiet:calls';
  local quietMean = 'route_scorer:llm_quality_score_quiet:mean';

  // Bounds of the histogram and the centres of its buckets; the bucket of 1 needs no selector.
  local bounds = ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.85', '0.9', '0.95'];
  local edges = [0] + std.map(std.parseJson, bounds) + [1];
  local middles = [(edges[i] + edges[i + 1]) / 2 for i in std.range(0, std.length(edges) - 2)];
  local last = middles[std.length(middles) - 1];
  // The mean of f(middle) over the answers: with cumulative counts it is f(last) less, for each bound, the share under
  // it times the step of f at that bound.
  local moment(f) =
    |||
      %(top)g - sum %(by)s (
        sum %(byLe)s (%(buckets)s)
        * on (le) group_left () (
          %(steps)s
        )
      )
      / %(onKeys)s %(count)s
    ||| % {
      top: f(last),
      by: q.by(keys),
      byLe: q.by(keys + ['le']),
      buckets: q.increase('llm_quality_score_bucket', c.window, 'le=~"0.1|0.2|0.3|0.4|0.5|0.6|0.7|0.8|0.85|0.9|0.95"'),
      steps: std.join('\n    or ', [
        q.labelled('vector(%.6f)' % (f(middles[i + 1]) - f(middles[i])), 'le', bounds[i])
        for i in std.range(0, std.length(bounds) - 1)
      ]),
      onKeys: q.on(keys),
      count: '(%s > 0)' % counts,
    };

  // The sum over a window of what is recorded of each half an hour. A subquery begins them at full half hours, so it may
  // lack the last one: of six hours that is little, of one half.
  local over(keys, series, window) =
    if window > 4 * c.window then 'sum_over_time(%s[%s:%s])' % [series, q.duration(window), q.duration(c.window)]
    else 'sum %s (%s)' % [q.by(keys), std.join(' or ', [series] + [
      q.labelled('%s offset %s' % [series, q.duration(n * c.window)], 'before', '%d' % n)
      for n in std.range(1, window / c.window - 1)
    ])];

  {
    keys: keys,
    counts: counts,
    minimumCalls(vector):: '%s group_left () (%s - 1)' % [q.on(['route']), q.threshold('quality.minimumCalls', c.minimumCalls, vector)],

    // Scored calls in 30 minutes if they suffice; otherwise hours are judged.
    local busy = '(%s > %s)' % [counts, $.minimumCalls(counts)],
    local twice = 'on (%s) group_left () (2 * %s)' % [q.labels(['route']), q.threshold('quality.minimumCalls', c.minimumCalls, counts)],
    local quiet(series) = q.latest(series),
    quietRoutes:: '%s unless %s' % [quiet(quietCalls), busy],
    mean:: |||
      %s / %s
      or
      %s
    ||| % [sums, busy, quiet(quietMean)],

    // The shortest of the longer windows that holds enough calls, where half an hour hardly does: a drop of two hours is
    // lost in six. Up to twice the calls that make a route busy, so that nothing is missing when it becomes quiet.
    quiet(series):: std.join('\nor\n', [
      local enough = '(%s > %s)' % [over(keys, counts, window), $.minimumCalls(counts)];
      '%s unless %s > %s' % [if series == 'calls' then enough else '%s / %s' % [over(keys, sums, window), enough], counts, twice]
      for window in c.quietWindows
    ]),

    // Standard deviation of the scores, from the middles of the histogram's buckets: no sum of squares is exported.
    // Where there is no histogram, the largest that scores between 0 and 1 with this mean can have.
    local deviation = |||
      sqrt(clamp_min(
        (
          %s
        )
        - (
          %s
        ) ^ 2
      , 0))
      or
      sqrt(clamp_min(%s * (1 - %s), 0))
    ||| % [
      q.indented(moment(function(x) x * x), 4),
      q.indented(moment(function(x) x), 4),
      mean, mean,
    ],
    // Only of scores below their baseline: others are not needed.
    deviation:: |||
      (
        %s
      )
      and %s %s < %s (1 - %s) * max %s (%s)
    ||| % [
      q.indented(deviation, 2), q.on(keys), mean, q.on(keys), q.number(c.slightRatio), q.by(keys),
      q.latest('route_scorer:llm_quality_score:baseline7d'),
    ],

    // The difference that may be chance: a multiple of the mean's standard error.
    uncertainty:: '%s / (sqrt(%s) / %s or sqrt(%s) / %s)' % [
      q.latest('route_scorer:llm_quality_score:stddev30m'), busy, c.standardErrors, quiet(quietCalls), c.quietStandardErrors,
    ],

    // 1 while the score is below its baseline by more than the ratio and by more than chance, otherwise 0; one row for
    // each baseline id in use.
    under(key, ratio)::
      local baseline = q.latest('route_scorer:llm_quality_score:baseline7d');
      |||
        (
          %(baseline)s
          * %(onRoute)s group_left () (1 - %(ratio)s)
          > bool %(onKeys)s group_left () %(mean)s
        )
        * (
          %(baseline)s
          > bool %(onKeys)s group_left () (%(mean)s + %(onKeys)s %(uncertainty)s)
        )
      ||| % {
        baseline: baseline,
        onRoute: q.on(['route']),
        onKeys: q.on(keys),
        ratio: q.threshold(key, ratio, mean),
        mean: mean,
        uncertainty: $.uncertainty,
      },
    // Recorded only if there is one.
    incident:: '%s > 0' % std.rstripChars($.under('quality.dropRatio', c.dropRatio), '\n'),

    // Routes whose composite score would not be that low if their answers had the format asked for: the alerts on format
    // tell of those, and one break is one page. What another cause takes away beyond the ratio still shows. Only where
    // format is judged: by its window of 1,000 calls, or because most answers fail.
    explainedByFormat(key, ratio)::
      local composite(series) = q.recorded(series, 'scorer="composite"');
      local failed = 'route:llm_format_failed:ratio30m';
      local share(window) = q.labelled('%s / %d' % [over(['route'], failed, window), window / c.window], 'over', '%d' % window);
      |||
        %(mean)s
        > %(on)s group_left () max %(by)s (%(baseline)s)
          * %(on)s (1 - %(ratio)s)
          * %(on)s (1 - %(weight)s * (
            %(failed)s and %(on)s %(busy)s
            or max %(by)s (%(quiet)s) unless %(on)s %(busy)s
          ))
        and %(on)s (route:llm_format_window:ratio or max_over_time(%(failed)s[%(longest)s]) > 1 - %(broken)s)
      ||| % {
        mean: composite(mean), on: q.on(['route']), by: q.by(['route']), ratio: q.threshold(key, ratio, mean),
        baseline: q.latest(composite('route_scorer:llm_quality_score:baseline7d')),
        weight: q.number(c.formatWeight), failed: failed, busy: '(%s > %s)' % [composite(counts), $.minimumCalls(counts)],
        quiet: std.join(' or ', [share(window) for window in c.quietWindows]),
        longest: q.duration(c.quietWindows[std.length(c.quietWindows) - 1]), broken: q.number(config.format.brokenRatio),
      },
  }
