// Queries over raw series, with the matchers that the page's variables need.
function(d) {
  rate(metric, by, extra='')::
    'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric, d.selector(extra)],
  total(metric, extra='')::
    'sum(rate(%s{%s}[$__rate_interval]))' % [metric, d.selector(extra)],
  // Of the range that the page shows.
  sum(metric, by='', extra='')::
    'sum %s (increase(%s{%s}[$__range]))' % [if by == '' then '' else 'by (%s)' % by, metric, d.selector(extra)],
  share(part, whole, by, partExtra='', wholeExtra='')::
    '%s\n/\n(%s > 0)' % [self.rate(part, by, partExtra), self.rate(whole, by, wholeExtra)],
  quantile(q, metric, by)::
    'histogram_quantile(%s, sum by (%s, le) (rate(%s_bucket{%s}[$__rate_interval])))' % [q, by, metric, d.selector()],
  mean(metric, by, extra='')::
    '%s\n/\n(%s > 0)' % [self.rate(metric + '_sum', by, extra), self.rate(metric + '_count', by, extra)],
  zero(expr):: '%s or vector(0)' % expr,
}
