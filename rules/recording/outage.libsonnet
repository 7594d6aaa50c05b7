// Requests and failures by provider and model, and by the tier of their route: a failing staging route pages nobody.
local because = import '../lib/reasons.libsonnet';
function(config)
  local q = (import '../lib/promql.libsonnet')(config);
  local keys = ['provider', 'model', 'tier'];
  local minutes5 = 300;
  local call = ['provider', 'model', 'route'];
  local byClass = keys + ['class'];
  local requests = q.fresh(call, 'llm_requests_total', 'llm_late_requests_total', minutes5);
  // The classes of failures that rules distinguish; the rest is `other`. Rows without a failure are dropped first: most
  // of the nine reasons are 0, so that the rest of the expression has only a few rows.
  local classes = {
    outage: because.outage, rate_limited: 'rate_limited',
    stopped: because.meant,
  };
  local reasons = q.fresh(call + ['reason'], 'llm_request_failures_total', 'llm_late_request_failures_total', minutes5, ' > 0');
  local classed = std.foldl(
    function(expr, class) 'label_replace(%s, "class", "%s", "reason", "%s")' % [expr, class, classes[class]],
    std.objectFields(classes), q.labelled(reasons, 'class', 'other'),
  );
  local failed = 'call_class:llm_request_failures:increase5m';
  local unmended = 'provider_model_class:llm_request_failures_unrecovered:increase5m';
  local calls = 'provider_model:llm_requests:increase5m';
  local unrecovered = 'provider_model:llm_request_failures_unrecovered:increase5m';
  local aggregated(names, expr) = |||
    sum %s (
      %s
    )
  ||| % [q.by(names), q.indented(expr, 2)];
  // What was tried before, failed and came through, under the label set of what succeeded: all of it, less what had failed
  // for another reason than an outage. Read by its route and by its model: a row of each route would be too many to record.
  local recovered(names) = q.labelled(q.sumRises(names, 'llm_requests_recovered_total', minutes5), 'of', 'any');
  local other(names) = q.labelled(q.sumRises(names, 'llm_requests_recovered_other_total', minutes5), 'of', 'other');
  // Share of a route's failures that no retry and no fallback made good. A fallback succeeds under another provider or
  // model, so failures and recoveries can only be set against each other by route. Outages apart: requests that come
  // through after a 429 must not hide others that fail for good. Nothing where nothing was made good.
  local outage = 'class="outage"';
  local divided = q.labelled(failed, 'part', 'rest');
  local parts = 'label_replace(%s, "part", "outage", "class", "outage")' % divided;
  // What failed for another reason is read once: it is the rest's, and is no outage's.
  local affected = 'group %s (%s)' % [q.by(['route']), failed];
  local mended = |||
    sum %(by)s (
      %(all)s
      or %(other)s * %(on)s group_right () (%(rest)s or -1 * %(outage)s)
    )
  ||| % {
    by: q.by(['route', 'part']), on: q.on(['route']),
    all: q.labelled(recovered(['route']), 'part', 'outage'), other: other(['route']),
    rest: q.labelled(q.labelled(affected, 'part', 'rest'), 'of', 'other'),
    outage: q.labelled(q.labelled(affected, 'part', 'outage'), 'of', 'other'),
  };
  // A sum of series that may be absent; 0 if there were calls.
  local of(expr) = 'sum %s (%s) or 0 * %s' % [q.by(keys), expr, calls];
  local users = 'group %s (%s)' % [q.by(keys + ['owner']), '%s * %s group_left (owner, tier) %s' % [
    'group %s (%s)' % [q.by(call), q.metric('llm_requests_total')], q.on(['route']),
    q.one(['route'], q.recorded('route:llm_route:info', 'traffic="live"')),
  ]];
  // A route's failures, of models that answer others: of one that fails altogether its own alerts tell. Of 429s they do not.
  local apart = 'sum %s (%s\nunless %s (sum %s (%s) / sum %s (%s) > %s))' % [
    q.by(['route']), q.twice(failed, outage), q.on(keys), q.by(keys), q.twice(unrecovered),
    q.by(keys), q.twice(calls), q.number(config.outage.totalRatio),
  ];
  local failing = 'route:llm_requests_failing:ratio10m';
  local dead = 'route:llm_route_dead:ratio10m';
  local deadForModel = 'call:llm_route_dead:increase5m';
  local onRoute = q.on(['route']);
  local traffic = 'route:llm_requests:increase15m';
  // Longer than from the end of the ten minutes to the end of the fifteen.
  local was(name, within=5 * config.intervals.slow) = q.latest(name, within=within);
  // Dead is a route of which nearly all fails, and did a while ago, of which something failed long before, or nearly all did within
  // the hour: what one client asked at one moment is no outage, and batches of which each fails are one. Then, lest chance end it and page
  // again, as long as half of it does, of half as many.
  local deadly = |||
    %(now)s > %(ratio)s and %(on)s (%(now)s offset %(before)s > %(ratio)s)
    and %(on)s (%(many)s)
    and %(on)s %(failed)s and %(on)s (%(failed)s offset %(ago)s or max_over_time(%(now)s[%(hour)s] offset %(window)s) > %(ratio)s)
  ||| % {
    now: failing, ratio: q.number(config.outage.routeRatio), on: onRoute, before: q.duration(config.outage.routeFor),
    many: q.atLeast('sum %s (%s)' % [q.by(['route']), q.twice(failed, outage)], config.outage.minimumCalls),
    failed: q.recorded(failed, outage), ago: q.duration(minutes5 + config.outage.routeFor), hour: q.duration(3600), window: q.duration(600),
  };
  // Models of which a route asks much, and of whose requests it, and whatever else fails, is more than a share.
  local muchOfModel(share) = '(%(failed)s > %(on)s group_left () 0.25 * sum %(by)s (%(failed)s)\nand %(keys)s (%(unrecovered)s / %(calls)s > %(share)s))' % {
    failed: q.recorded(failed, outage), on: onRoute, by: q.by(['route']), keys: q.on(keys), calls: calls, share: share,
    unrecovered: unrecovered,
  };
  local many = muchOfModel(q.number(config.outage.routeShare));
  local few = muchOfModel('0.5 * ' + q.number(config.outage.routeShare));
  [
    {
      name: 'tocsin-outage-requests',
      interval: q.duration(config.intervals.requests),
      // What is young stands first, since all that follows asks for it. Raw counters of all calls and failures are read by
      // the next two alone; the others are sums of these.
      rules: q.youngRules + [
        { record: calls, expr: 'clamp_min(%s, 0)' % aggregated(keys, q.tiered(requests)) },
        // By route, as recoveries are; only failures are recorded, so that healthy routes add nothing.
        { record: failed, expr: aggregated(call + ['tier', 'class'], q.tiered(classed)) + '> 0' },
        {
          record: unmended,
          expr: aggregated(byClass, |||
            %(parts)s * %(on)s group_left () clamp_min(
              1 - (
                %(mended)s > 0
              ) / sum %(by)s (%(parts)s)
            , 0)
            or %(parts)s
          ||| % {
            parts: parts, mended: q.indented(mended, 4), on: q.on(['route', 'part']), by: q.by(['route', 'part']),
          }),
        },
        { record: 'provider_model:llm_request_failures:increase5m', expr: of(q.recorded(failed, outage)) },
        { record: 'provider_model:llm_request_failures_unrecovered:increase5m', expr: of(q.recorded(unmended, outage)) },
        // Of the failures that were made good, those that the same model made good: what a fallback answered is a request
        // of its own, and the request that it answers for stays one of those that the failing model was asked. The lesser
        // of the two; nothing where there is none, so that healthy models add nothing.
        {
          record: 'provider_model:llm_requests_retried:increase5m',
          expr: '(%(good)s - clamp_min(%(good)s - sum %(by)s (%(again)s), 0)) > 0' % {
            by: q.by(keys), again: q.tiered('(%s or -1 * %s)' % [recovered(call), other(call)]),
            good: '(provider_model:llm_request_failures:increase5m - provider_model:llm_request_failures_unrecovered:increase5m)',
          },
        },
        { record: 'provider_model:llm_request_failures_unrecovered:increase10m', expr: of(q.twice(unmended, 'class!="stopped"')) },
        {
          record: 'provider_model:llm_requests_succeeded:increase10m',
          expr: 'sum %(by)s (%(calls)s) - (sum %(by)s (%(failed)s) or 0 * %(now)s)' % {
            by: q.by(keys), calls: q.twice(calls), failed: q.twice(failed), now: calls,
          },
        },
      ],
    },
    {
      name: 'tocsin-owners',
      interval: q.duration(config.intervals.slow),
      rules: [{
        // The owner of a model that has only one, otherwise the platform's.
        record: 'provider_model:llm_owner:info',
        expr: |||
          label_replace(group %(by)s (count %(by)s (%(users)s) > 1), "owner", "%(platform)s", "", "")
          or %(on)s
          %(users)s
        ||| % { users: users, on: q.on(keys), by: q.by(keys), platform: config.platformOwner },
      }],
    },
    {
      name: 'tocsin-traffic',
      interval: q.duration(config.intervals.slow),
      // With late ones: what is held against it (outliers, answers that were cut off, findings) has them, too.
      rules: [{
        record: 'route:llm_requests:increase15m',
        expr: q.live(q.sumCounted(['route'], 'llm_requests_total', 900)),
      }],
    },
    {
      name: 'tocsin-outage-routes',
      interval: q.duration(config.intervals.requests),
      rules: [{
        // Only where half fails, so that healthy routes add nothing. A route that asks in batches still fails between them:
        // nothing was answered since. Not for more than four hours, in which nobody waits for it, and not of a route that asked
        // all along: it was removed, or its clients left.
        record: failing,
        expr: |||
          clamp_max((%(failed)s)
          / %(on)s (%(asked)s), 1) > 0.5
          or %(was)s and %(on)s (%(traffic)s < 0.5) and %(on)s (max_over_time(%(traffic)s[%(pause)s]) > 0.5)
          unless %(on)s (min_over_time(%(traffic)s[%(pause)s] offset %(before)s) > 0.5 and %(traffic)s offset %(earlier)s)
        ||| % {
          was: was(failing), traffic: traffic, pause: q.duration(config.outage.routePause), before: q.duration(1500), earlier: q.duration(2700),
          failed: '%s > 0.5 * %s' % [apart, q.number(config.outage.minimumCalls)], on: onRoute,
          asked: q.live(q.sumCounted(['route'], 'llm_requests_total', 600)),
        },
      }, {
        // One outage is one page: the model's where the route, and whatever else fails, is more than a share of its requests, and
        // until it is less than half of that.
        record: deadForModel,
        expr: |||
          (
            %(many)s and %(on)s (%(deadly)s)
            or %(few)s and %(was)s and %(on)s %(failing)s
          )
          unless %(on)s %(dead)s
        ||| % {
          many: many, few: few, on: onRoute, failing: failing,
          deadly: q.indented(deadly, 2), was: was(deadForModel), dead: was(dead),
        },
      }, {
        // Else the route's, and where the model's has ended before the route's outage: then until that ends.
        record: dead,
        expr: |||
          (
            %(deadly)s
            or %(failing)s and %(on)s (%(was)s or %(wasForModel)s unless %(on)s %(few)s)
          )
          unless %(on)s %(forModel)s
        ||| % {
          deadly: q.indented(deadly, 2), on: onRoute, failing: failing, was: was(dead), forModel: was(deadForModel, 3 * config.intervals.slow),
          wasForModel: was(deadForModel, 900), few: few,
        },
      }],
    },
    {
      name: 'tocsin-model-changes',
      interval: q.duration(config.intervals.tickets),
      rules: [{
        // A day of it is queried: reading a day of raw counters would be expensive.
        record: 'provider_model:llm_model_changes:increase1h',
        expr: q.sumIncrease(['provider', 'model'], 'llm_model_changes_total', 3600),
      }],
    },
  ]
