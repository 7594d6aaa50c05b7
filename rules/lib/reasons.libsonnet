// Reasons of failed requests, as matchers of the label `reason`; the values are defined in the exporter's call.py.
{
  // Failures that count against availability.
  outage: 'provider_5xx|timeout|connection',
  blocked: 'blocked_guardrail|blocked_provider',
  // Intended: a filter at work, or a caller who left.
  meant: self.blocked + '|cancelled',
}
