// The only home of categories, severities, thresholds, windows and floors.
//
// Durations are in seconds. A ratio is 0..1. "Source" in a comment is the origin of a number: "contract" is a requirement
// that existed before the alerts; "judgement" is our choice, which `tocsin backtest` on your own logs can improve.
// Thresholds are only printed into expressions, never used in computations here, so that a chart can use placeholders.
local minute = 60, hour = 60 * minute, day = 24 * hour;
{
  // What can go wrong with a model, what changes around it, and what would blind the monitoring.
  categories: {
    outage: 'Requests fail, hang or stop.',
    quality: 'Requests succeed and the answers are worse.',
    cost: 'More money or tokens than expected.',
    safety: 'An answer that must not reach a user.',
    change: 'A model, a prompt or a baseline changed.',
    control: 'A remediation, an approval or a duty to notify.',
    exporter: 'Tocsin itself does not see.',
  },
  // A page wakes somebody; a ticket can wait for working hours; info explains another alert.
  severities: ['page', 'ticket', 'info'],

  // Receivers by category and severity, for the routing. Source: contract. Safety pages reach legal and
  // communications at any hour; nothing is sent for info.
  receivers: {
    outage: { page: ['oncall'], ticket: ['tickets'], info: [] },
    quality: { page: ['oncall', 'product'], ticket: ['product', 'tickets'], info: [] },
    cost: { page: ['oncall'], ticket: ['tickets'], info: [] },
    safety: { page: ['oncall', 'legal', 'comms'], ticket: ['review', 'tickets'], info: [] },
    change: { page: ['oncall'], ticket: ['tickets'], info: [] },
    control: { page: ['oncall'], ticket: ['tickets'], info: [] },
    exporter: { page: ['oncall'], ticket: ['tickets'], info: [] },
  },

  outage: {
    // Objective that budgets burn against. Source: contract, "99.5 %".
    availability: 0.995,
    // Minimums of the short window: a ratio of few calls is noise (one failure of one call is 100 %). Source: contract.
    minimumCalls: 20,
    minimumFailures: 5,
    // Burn-rate pairs: budget spent `factor` times too fast over both windows. Source: Google's SRE workbook, ch. 5.
    // The hour stands beside the half hour, too: of four to twelve requests a minute of which a tenth fails, five minutes
    // hold five failures only now and then, and one outage of six hours was three pages (simulated); its floor is judgement.
    // `calm` requests in ten minutes of which less than half of what burns fails end the page: where 3 % fail (six times the
    // budget) that happens by chance, and the ten minutes that the page is kept bridge it. So do twenty minutes after
    // `calmAfter` failures in an hour: on a quiet route a hundred requests take longer than the half hour.
    burn: {
      page: [
        { short: 5 * minute, factor: 14.4, long: [{ window: hour, factor: 14.4 }] },
        {
          short: 30 * minute, factor: 6, calm: 100, calmAfter: 20,
          long: [{ window: 6 * hour, factor: 6, failures: 10 }, { window: hour, factor: 14.4, failures: 20 }],
        },
      ],
      // What burns slowly is judged over hours and days, of which a young log knows minutes: four timeouts of its first
      // hundred requests, five of its first thousand are chance. `failures` of the long window are judgement.
      ticket: [
        { short: 2 * hour, factor: 3, long: [{ window: day, factor: 3, failures: 20 }] },
        { short: 6 * hour, factor: 1, long: [{ window: 3 * day, factor: 1, failures: 20 }] },
      ],
    },
    // A total outage must page within three minutes, and an hour's window is too slow for that: this share of five
    // minutes failing is reached 1.5 minutes into a total outage. Source: contract, "pages in 3 minutes"; judgement.
    totalRatio: 0.3,
    // No success in ten minutes: a quiet route that is dead never reaches a ratio. Source: contract.
    // Where a fallback answers, the calls that it has not answered yet are no dead provider: of 10 minutes of failures
    // they are more than this share only where a fallback takes longer than a minute. Judgement.
    noSuccess: { lookback: day, 'for': 2 * minute, unrecoveredRatio: 0.1 },
    // 429s among successes. Share and minimum are judgement.
    rateLimitedRatio: 0.05,
    // Share of a route's requests that are refused for what they ask, or for their key, while the model answers others.
    // Judgement: those of one tenant among many are no news.
    refusedRatio: 0.9,
    // One of a model's many routes, whose failures no ratio of the model shows: this share times out or gets a 5xx. A
    // request that succeeds at its fourth attempt is no outage of the route. For so long, because what one client asked at
    // one moment is none, either. Judgement.
    routeRatio: 0.75,
    routeFor: 3 * minute,
    // A route that failed when it was last asked is taken to fail still, for so long. Judgement: batches every four hours.
    routePause: 4 * hour,
    // Where over this share of the model's requests fails meanwhile, the model's page tells of the route instead: one outage
    // is one page. Less than 14.4 x the budget, which would page for the model within the hour. Judgement.
    routeShare: 0.05,
    // A provider that fails behind a working fallback: only the bill shows it. Judgement.
    fallbackRatio: 0.1,
    // Calls in 15 minutes below this share of those at the same time yesterday and a week ago. Source: contract.
    trafficGoneRatio: 0.05,
    trafficGoneMinimumCalls: 100,
    // Set to 1 for a route (`thresholds: {outage.trafficGonePage: 1}`) to be paged rather than get a ticket.
    trafficGonePage: 0,
    // p95 of the time to first token above this multiple of its baseline, and above this many seconds. Source: contract.
    firstTokenFactor: 3,
    firstTokenSeconds: 5,
    // Median output speed below this share of its baseline. Source: contract.
    speedRatio: 0.4,
    // p95 of the duration above this multiple of its baseline: a ticket, because longer answers take longer. Judgement.
    durationFactor: 3,
    latencyMinimumCalls: 100,
    // Probes must fail for this long. Judgement: two probes of 30 s and their scrape.
    unreachableFor: 2 * minute,
  },

  quality: {
    // Severity 1: the score is this far below its baseline. Source: the seed's "drops more than 15% from baseline
    // over any 30-minute window", "severity 1 pages after 10 minutes".
    dropRatio: 0.15,
    // Severity 2 creates a ticket. Source: contract.
    ticketDropRatio: 0.10,
    // With fewer scored calls in the window nothing is judged. Source: contract.
    minimumCalls: 50,
    window: 30 * minute,
    // Routes with fewer calls are judged over the first of these windows that has enough of them, and listed. Source:
    // contract, 6 hours; the shorter ones are judgement, so that a good evening does not hide a bad night.
    quietWindows: [hour, 2 * hour, 6 * hour],
    // Share of the composite score that an answer without the expected format loses. Source: exporter/QUALITY.md.
    formatWeight: 0.45,
    pageFor: 10 * minute,
    ticketFor: 30 * minute,
    // Against flapping at the threshold. Source: reference, baseline that holds.
    keepFiringFor: 15 * minute,
    // A difference within this many standard errors may be chance. Source: contract.
    standardErrors: 3,
    // The same for windows of hours, whose few answers are evaluated often: in ten simulated weeks of 60 answers an hour
    // with a standard deviation of a third of their mean, three errors made two false pages, four made none. Judgement.
    quietStandardErrors: 4,
    // The deviation of scores is recorded from this far below the baseline: no smaller drop is judged. Judgement.
    slightRatio: 0.01,
    // Share of scores <= 0.5: above this multiple of its baseline, above this share, at least this many. Source: contract.
    badFactor: 3,
    badRatio: 0.05,
    badMinimum: 20,
    // Rates of hallucination signals. Source: seed B, "a deviation of more than 15 % triggers review"; that alone is
    // noise at low rates, so the rise must also be this many points and beyond three standard errors (judgement).
    hallucinationFactor: 1.15,
    hallucinationRise: 0.02,
    // Refusals above this multiple of their baseline, above this share, at least this many. Judgement.
    refusalFactor: 2,
    refusalRatio: 0.05,
    // Median length of answers below this share of its baseline. Source: the seed's "response length collapses".
    lengthRatio: 0.5,
    // Shares of checked answers that create a ticket, with at least signalMinimum of them. Judgement.
    truncationRatio: 0.1,
    lowConfidenceRatio: 0.3,
    offTopicRatio: 0.15,
    // Similarity of answers to their questions below this share of its baseline, if that is above a minimum. Questions and
    // their answers have a mean of 0.24 (short) to 0.42 (long), unrelated ones 0.01 to 0.03: measured on the evaluation set.
    similarityRatio: 0.5,
    similarityMinimum: 0.1,
    languageRatio: 0.05,
    repetitionRatio: 0.03,
    // A scorer that has stopped: it gave this many scores in half an hour a day before, and for this many hours of three
    // days. A judge that runs once a day is not one, nor one that samples while there is little traffic. Judgement.
    silentUsual: 10,
    silentHours: 6,
    // Empty answers under HTTP 200, as a share of requests: each is worthless, so this share equals dropRatio. And
    // surgeFactor (safety) times their usual share. Judgement.
    emptyRatio: 0.15,
    signalMinimum: 20,
    // Population stability index of inputs: 0.2 is the usual bound of a shifted population. Source: credit scoring practice.
    inputPsi: 0.2,
  },

  format: {
    // Below the first over exactly 1,000 calls pages, above the second resolves. Source: the seed's "format compliance falls below
    // 95 % over 1,000 calls"; contract. The gap is hysteresis: at a true 95 % the window is below it half of the time.
    minimumRatio: 0.95,
    resolveRatio: 0.96,
    windowCalls: 1000,
    'for': 10 * minute,
    // A format that breaks completely cannot wait for 1,000 calls. Source: contract.
    brokenRatio: 0.5,
    brokenMinimumCalls: 20,
    // With this many checks in ten minutes, half an hour is not needed. Judgement.
    brokenSoonCalls: 100,
  },

  cost: {
    // Dollars in an hour above the expected cost. Source: the seed's "cost anomaly > $50/hour auto-throttles and pages".
    usdPerHour: 50,
    // And at least this share above it, so that a fleet of $5,000 an hour does not page for one percent. Source: contract.
    riseRatio: 0.25,
    // Pace above expected that pages within ten minutes, once fastMinimumUsd are spent. Source: contract; the sum is judgement.
    fastUsdPerHour: 300,
    // Each window of four minutes needs this share of it, until the hour pages: calls come unevenly. Judgement.
    fastSlack: 0.85,
    fastMinimumUsd: 25,
    // Dollars an hour that always page, from the first hour on; null: no ceiling. Source: contract.
    ceilingPerHour: null,
    // Change it to accept today's spending as the new baseline. The old one remains in use for 24 hours.
    baseline: '1',
    // Everything is learnt for this long before anything but the ceiling pages. Source: contract.
    learning: day,
    // One consumer's share of all tokens of an hour, and minimums. Judgement.
    consumerShare: 0.5,
    consumerMinimumTokens: 100000,
    consumerMinimumConsumers: 5,
    // Dollars per request above this multiple of their baseline. Judgement.
    perRequestFactor: 2,
  },

  tokens: {
    // The exporter counts requests above this multiple of the p95. Source: the seed's "any request exceeding 3x the p95".
    outlierFactor: 3,
    // Pages only if outliers are many times their usual share: healthy traffic has some every hour (measured:
    // 0.4 to 229 an hour at 10 calls a second). Judgement.
    outlierExcessFactor: 5,
    outlierExcessRatio: 0.02,
    outlierExcessMinimum: 20,
    // Tokens per request above this multiple of their baseline. Judgement; a higher request rate does not change it.
    perRequestFactor: 2,
    // Cost is only known for models with a price: this share of tokens without one creates a ticket. Judgement.
    unpricedRatio: 0.01,
  },

  safety: {
    // A page keeps firing for this long after the last violation. Source: contract, "stays up for 1 hour".
    stays: hour,
    // Minimums and shares of surges over `window`. Judgement.
    window: 30 * minute,
    surgeMinimum: 20,
    // And this multiple of the usual share: a guardrail that always blocks a tenth, or prompts that always look like
    // attempts, are not a surge. Until an hour of a day is known, this multiple of the ratio itself. A surge is not learnt:
    // its ticket stays until it ends, or the route's own ratio is raised. Judgement.
    surgeFactor: 3,
    suspectedRatio: 0.02,
    injectionRatio: 0.02,
    blockedRatio: 0.05,
    // Flags by people in an hour. Judgement.
    userFlags: 3,
    // Share of a day's blocked answers that reviewers called wrong. Source: seed B, "8-12 % more false positives".
    falsePositiveRatio: 0.1,
    falsePositiveMinimum: 5,
    // Share of the answers of guarded routes that the guard has checked. Judgement.
    guardCoverage: 0.99,
    guardMinimumCalls: 20,
    guardDownFor: 5 * minute,
  },

  control: {
    approvalFor: 30 * minute,
    // An alert that still pages after this long is escalated to the engineering lead. Source: contract.
    escalateFor: 30 * minute,
    // The alert of a drill fires for this long: longer than any group wait, but not long enough to worry anybody.
    drillFor: 5 * minute,
    // Categories whose incidents are escalated.
    escalated: ['outage', 'quality', 'cost', 'safety'],
  },

  exporter: {
    absentFor: 5 * minute,
    // Age of the newest counted event while something is unread and nothing is counted.
    stalledSeconds: 300,
    stalledFor: 5 * minute,
    // Falling behind although events are counted.
    lagSeconds: 600,
    lagFor: 15 * minute,
    unparsedRatio: 0.01,
    unparsedMinimum: 10,
    fieldErrorRatio: 0.05,
    unscoredRatio: 0.5,
    unscoredMinimum: 50,
    // Share of a route's requests that are late, and their minimum number: late requests are in no alert on outages or cost.
    // Judgement; 1 for a route of batches, whose results arrive hours later.
    lateRatio: 0.5,
    lateMinimum: 10,
    usageMissingRatio: 0.05,
    usageMissingMinimum: 20,
    uninstrumentedFor: hour,
    heartbeatSeconds: 120,
    // Deliveries of webhooks in an hour, of one reason: a stranger who knocks now and then makes no ticket. Judgement.
    refusedMinimum: 10,
    spoolBytes: 1073741824,
    spoolAgeSeconds: 900,
    seriesRatio: 0.9,
    // The gateway's own counter of requests, such as 'litellm_proxy_total_requests_metric_total'; '' leaves the rule out.
    // Events counted under this share of it make a ticket. Source: contract, "completeness under 98 %".
    gatewayCounter: '',
    completenessRatio: 0.98,
    completenessMinimum: 100,
  },

  // Baselines: the mean of healthy samples of a week. Source: reference, baseline that holds.
  baseline: {
    window: 7 * day,
    // Samples are taken, and read, this far apart, whatever the interval of evaluation: a test, a backtest and a
    // server agree.
    step: 5 * minute,
    // Healthy samples before it judges: two hours. Source: reference.
    minimumSamples: 24,
    // Samples of scores enter the mean so late: one window, and the ten minutes after it decide. Judgement.
    late: 30 * minute,
    // What is usual at a time of day is told by the samples of so long around it, on each day that has half of them: long
    // enough to average chance out, short beside a day's rhythm. Judgement.
    around: 2 * hour,
    // And is believed to be better than the week by so much at most. Judgement, by simulation: with half of that, a slide in
    // good hours is paged later; without a bound, a weekend of the opposite rhythm is paged twice as often.
    goodHours: 1.05,
    // A new id learns while the old one judges. Source: contract.
    handover: day,
  },
}
