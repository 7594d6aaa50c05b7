// Why a request failed, as matchers of the label `reason` have it; the words are those of the exporter's call.py.
{
  // What counts against availability.
  outage: 'provider_5xx|timeout|connection',
  blocked: 'blocked_guardrail|blocked_provider',
  // Somebody meant it: a filter at work, or a caller who left.
  meant: self.blocked + '|cancelled',
}
