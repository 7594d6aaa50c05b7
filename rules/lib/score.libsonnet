// The arithmetic of quality scores, by route and scorer.
function(config)
  local q = (import 'promql.libsonnet')(config);
  local c = config.quality;
  local keys = ['route', 'scorer'];
  local sums = 'route_scorer:llm_quality_score_sum:increase30m';
  local counts = 'route_scorer:llm_quality_score_count:increase30m';
  local mean = 'route_scorer:llm_quality_score:mean';
  local quiet(series) = 'sum_over_time(%s[%s:%s])' % [series, q.duration(c.quietWindow), q.duration(c.window)];

  // Bounds of the histogram and the middles of its buckets; the bucket of 1 needs no selector.
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

  {
    keys: keys,
    minimumCalls(vector):: '%s group_left () (%s - 1)' % [q.on(['route']), q.threshold('quality.minimumCalls', c.minimumCalls, vector)],

    // Calls in the window that judges: 30 minutes, or six hours on a quiet route.
    local busyCalls = '(%s > %s)' % [counts, $.minimumCalls(counts)],
    local quietCalls = '(%s > %s)' % [quiet(counts), $.minimumCalls(counts)],
    calls:: '(%s or %s)' % [busyCalls, quietCalls],
    quietRoutes:: '%s unless %s' % [quietCalls, busyCalls],

    mean:: |||
      %s / %s
      or
      %s / %s
    ||| % [sums, busyCalls, quiet(sums), quietCalls],

    // Standard deviation of the scores, from the middles of the histogram's buckets: no sum of squares is exported.
    // Where there is no histogram, the largest that scores between 0 and 1 with this mean can have.
    deviation:: |||
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

    // The mean's own uncertainty, times three.
    uncertainty:: '%s * %s / sqrt(%s)' % [c.standardErrors, q.latest('route_scorer:llm_quality_score:stddev30m'), $.calls],

    // 1 while the score is under its baseline by more than the ratio and more than chance allows, else 0; one row for
    // each baseline id that judges.
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
    incident:: $.under('quality.dropRatio', c.dropRatio),
  }
