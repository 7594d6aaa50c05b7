// Drills: `tocsin drill` sends an event that raises one of these, which is routed like a page of its category.
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local alert = (import '../lib/alert.libsonnet')(config);
  [alert.groups('drill', [
    {
      name: 'TocsinDrill',
      severity: 'page',
      category: category,
      ownership: 'fleet',
      metric: 'tocsin_drill_timestamp_seconds{category="%s"}' % category,
      threshold: 'a drill of %s in the last control.drillFor' % category,
      requirement: 'E4',
      labels: { drill: 'true', [if category == 'safety' then 'detection']: 'post_delivery' },
      expr: 'time() - max %s (%s) < %s' % [
        q.by([]), q.metric('tocsin_drill_timestamp_seconds', 'category="%s"' % category), q.seconds(config.control.drillFor),
      ],
      summary: 'DRILL: a test page of category %s. Nothing happened.' % category,
      description: 'This tests whether pages arrive. It resolves after five minutes; confirm that you received it.',
    }
    for category in ['safety', 'outage', 'quality', 'cost']
  ], config.intervals.safety)]
