// Settings of the bundle. Thresholds are in taxonomy.libsonnet and merged in here, so that
// `_config+:: { quality+: { dropRatio: 0.2 } }` changes one. Durations are in seconds.
{
  _config+:: (import 'taxonomy.libsonnet') + {
    // Label matchers that select Tocsin's series. The only place that names a job; '' selects every job.
    selector: 'job="tocsin"',

    // Labels that distinguish fleets, such as ['cluster', 'namespace']: every rule aggregates by them, too.
    // None by default, because a matcher on an absent label matches the empty one and would hide a mistake.
    aggregationLabels: [],

    // Factor on every window, `for` and interval: 1/60 turns hours into minutes for a demonstration. Nothing gets
    // shorter than minimumSeconds, so scrape at least every fifth of a second times 5 m x timeScale (1 s at 1/60).
    timeScale: 1,
    minimumSeconds: 1,

    // Evaluation intervals in seconds. Safety follows the scrape (15 s). Outages must page within three minutes:
    // requests are expensive to sum and cheap to compare, so they are summed every minute and compared every 15 s, which
    // is as fast as both every 30 s. What pages after ten minutes can wait two (slow). Tickets read many series over half
    // an hour and are not urgent: just under the five minutes for which Prometheus looks back, so that nothing goes stale
    // in between. Baselines are sampled every five minutes, and the many weekly means of signals every half hour.
    intervals: { safety: 15, outage: 15, cost: 30, requests: 60, default: 60, slow: 120, tickets: 280, baseline: 300, week: 1800 },

    // Seconds of missing scrapes (a restart, a slow network) that change neither a route's owner nor a violation.
    scrapeGap: 300,

    // Values of the label `severity`, such as { page: 'critical', ticket: 'warning' } for teams that use these.
    severityNames: { page: 'page', ticket: 'ticket', info: 'info' },

    // A category set to true is evaluated and labelled shadow="true": routing sends it only to the receiver `review`.
    shadow: { outage: false, quality: false, cost: false, safety: false, change: false, control: false, exporter: false },

    // Targets of an alert's links; %s is the alert's name or the dashboard's uid. The exporter serves the runbooks.
    runbookUrl: 'http://localhost:9877/runbooks/%s',
    dashboardUrl: 'http://localhost:3000/d/%s',

    // Owner of everything without a route: the fleet's spending, providers used by several owners, Tocsin itself.
    platformOwner: 'platform',
    // Owner of a route without one in the exporter's configuration.
    defaultOwner: 'unowned',

    // Receivers, owners and templates of the routing.
    routing: import 'routing/settings.libsonnet',

    // Labels and annotations added to every alert.
    extraLabels: {},
    extraAnnotations: {},
  },
}
