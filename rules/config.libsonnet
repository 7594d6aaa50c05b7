// Settings of the bundle. Thresholds stand in taxonomy.libsonnet and are merged in here, so that
// `_config+:: { quality+: { dropRatio: 0.2 } }` changes one. Durations are numbers of seconds.
{
  _config+:: (import 'taxonomy.libsonnet') + {
    // Label matchers that find Tocsin's series. The one place where a job is named; '' selects every job.
    selector: 'job="tocsin"',

    // Labels that keep fleets apart, such as ['cluster', 'namespace']: every rule aggregates by them as well.
    // None by default, because a matcher on an absent label matches the empty one and hides a mistake.
    aggregationLabels: [],

    // Factor on every window, `for` and interval: 1/60 turns hours into minutes for a demonstration. Nothing gets
    // shorter than minimumSeconds, so scrape at least every fifth of a second times 5 m x timeScale (1 s at 1/60).
    timeScale: 1,
    minimumSeconds: 1,

    // Evaluation intervals in seconds. Safety follows the scrape (15 s). Outages must page within three minutes:
    // requests are dear to sum and cheap to judge, so they are summed every minute and judged every 15 s, which finds an
    // outage as soon as both every 30 s would. What pages after ten minutes can wait two (slow). Tickets are for the
    // day, and read many series over half an hour: just under the five minutes for which Prometheus looks back, so that
    // nothing goes stale in between. Samples of baselines are taken every five minutes, and the many means of signals
    // over a week every half an hour.
    intervals: { safety: 15, outage: 15, cost: 30, requests: 60, default: 60, slow: 120, tickets: 280, baseline: 300, week: 1800 },

    // Seconds of missing scrapes (a restart, a slow network) that change neither a route's owner nor a violation.
    scrapeGap: 300,

    // The words of the label `severity`: { page: 'critical', ticket: 'warning' } for a team that says it so.
    severityNames: { page: 'page', ticket: 'ticket', info: 'info' },

    // A category set to true is evaluated and labelled shadow="true": routing sends it to the receiver `review` alone.
    shadow: { outage: false, quality: false, cost: false, safety: false, change: false, control: false, exporter: false },

    // Where an alert's links lead; %s is the alert's name or the dashboard's uid. The exporter serves the runbooks.
    runbookUrl: 'http://localhost:9877/runbooks/%s',
    dashboardUrl: 'http://localhost:3000/d/%s',

    // Owner of what no route owns: money of the whole fleet, providers used by several owners, Tocsin itself.
    platformOwner: 'platform',
    // Owner of a route that the exporter's configuration gives none.
    defaultOwner: 'unowned',

    // Receivers, owners and templates of the routing.
    routing: import 'routing/settings.libsonnet',

    // Labels and annotations put on every alert.
    extraLabels: {},
    extraAnnotations: {},
  },
}
