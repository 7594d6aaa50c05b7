// Queries over raw series, with the matchers that the page's variables need.
local because = import '../../rules/lib/reasons.libsonnet';
function(d) {
  // Reasons of failures: outages count against availability; of all else, blocks and callers who left are meant.
  outages:: 'reason=~"%s"' % because.outage,
  otherwise:: 'reason!~"%s|%s"' % [because.outage, because.meant],
  unmeant:: 'reason!~"%s"' % because.meant,
  blocked:: 'reason=~"%s"' % because.blocked,
  rate(metric, by, extra='')::
    'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [by, metric, d.selector(extra)],
  total(metric, extra='')::
    'sum(rate(%s{%s}[$__rate_interval]))' % [metric, d.selector(extra)],
  share(part, whole, by, partExtra='', wholeExtra='')::
    '%s\n/\n(%s > 0)' % [self.rate(part, by, partExtra), self.rate(whole, by, wholeExtra)],
  quantile(q, metric, by)::
    'histogram_quantile(%s, sum by (%s, le) (rate(%s_bucket{%s}[$__rate_interval])))' % [q, by, metric, d.selector()],
  mean(metric, by, extra='')::
    '%s\n/\n(%s > 0)' % [self.rate(metric + '_sum', by, extra), self.rate(metric + '_count', by, extra)],
  // What the exporter's configuration sets for single routes, in the place of the default that is drawn dashed.
  bound(key):: 'max by (route) (tocsin_threshold{%s})' % d.scrape('route=~"$route", name="%s"' % key),
  zero(expr):: '%s or vector(0)' % expr,
  // As LLMAnswersUnscored has it: what cannot or shall not be scored (embeddings, tool calls, failures) is no blindness.
  // A route may have no score at all.
  unscored(by)::
    local missing = self.rate('llm_unscored_total', by, 'reason!~"off|failed|no_answer|sampled_out|tool_call"');
    local scored = self.rate('llm_scored_total', by, 'scorer="composite"');
    '%(missing)s\n/\n((%(missing)s + (%(scored)s or 0 * %(missing)s)) > 0)' % { missing: missing, scored: scored },
  // What a counter rose by in the range that the page shows, its first burst included, which increase() does not see: all
  // of it counts where its label set is younger. `own` are its labels beside those of its label set.
  counted(metric, by, own, extra='', window='$__range', seconds='$__range_s')::
    'sum %s (%s and ignoring (%s) (llm_first_request_timestamp_seconds{%s} > time() - %s) or increase(%s{%s}[%s]))' % [
      if by == '' then '' else 'by (%s)' % by, '%s{%s}' % [metric, d.selector(extra)], std.join(', ', own), d.selector(), seconds,
      metric, d.selector(extra), window,
    ],
}
