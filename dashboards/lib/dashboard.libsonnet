// A page: variables, links, annotations and rows of panels, laid out from left to right on 24 columns.
local panel = import 'panel.libsonnet';

local query(name, label, definition, hide=0) = {
  name: name,
  label: label,
  type: 'query',
  datasource: panel.datasource,
  query: { query: definition, refId: 'variable' },
  definition: definition,
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'], selected: true },
  options: [],
  hide: hide,
  regex: '',
  skipUrlSync: false,
};

local annotation(name, expr, title, color, text) = {
  name: name,
  datasource: panel.datasource,
  enable: true,
  hide: false,
  iconColor: color,
  expr: expr,
  titleFormat: title,
  textFormat: text,
  step: '60s',
  tagKeys: '',
  useValueForTime: false,
};

function(config) {
  local job = if config.selector == '' then '' else '{%s}' % config.selector,
  // Matchers that every raw query has: this page's variables.
  selector(extra=''):: 'job=~"$job", instance=~"$instance", provider=~"$provider", model=~"$model", route=~"$route"' + (if extra == '' then '' else ', ' + extra),
  // Labels of recorded series, which keep fleets apart where the rules do.
  recorded(names):: std.join(', ', config.aggregationLabels + names),
  scrape(extra=''):: 'job=~"$job", instance=~"$instance"' + (if extra == '' then '' else ', ' + extra),

  variables:: {
    provider: query('provider', 'Provider', 'label_values(llm_requests_total{job=~"$job"}, provider)'),
    model: query('model', 'Model', 'label_values(llm_requests_total{job=~"$job", provider=~"$provider"}, model)'),
    route: query('route', 'Route', 'label_values(llm_requests_total{job=~"$job"}, route)'),
    scorer: query('scorer', 'Scorer', 'label_values(llm_scored_total{job=~"$job"}, scorer)'),
    kind: query('kind', 'Kind', 'label_values(llm_safety_violations_total{job=~"$job"}, kind)'),
    consumer: query('consumer', 'Consumer', 'label_values(llm_consumer_tokens_total{job=~"$job"}, consumer)'),
  },

  local base = [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      current: { text: 'default', value: 'default', selected: true },
      options: [],
      hide: 0,
      includeAll: false,
      multi: false,
      refresh: 1,
      regex: '',
      skipUrlSync: false,
    },
    query('job', 'job', 'label_values(tocsin_build_info%s, job)' % job) { allValue: '.+' },
    query('instance', 'instance', 'label_values(tocsin_build_info{job=~"$job"}, instance)') { allValue: '.+' },
  ],

  // rows: [{ title, panels: [{ width, height, panel }] }]
  new(page, title, description, variables, rows):: {
    uid: 'tocsin-' + page,
    title: title,
    description: description,
    tags: ['tocsin', 'llm'],
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    timepicker: {},
    fiscalYearStartMonth: 0,
    liveNow: false,
    weekStart: '',
    templating: { list: base + variables },
    annotations: {
      list: [
        annotation(
          'Alerts', 'ALERTS{alertstate="firing", category=~".+", severity="%s"}' % config.severityNames.page,
          '{{alertname}}', 'red', '{{category}} {{route}} {{provider}} {{model}}'
        ),
        annotation(
          'Model changes', 'sum by (provider, model) (changes(llm_model_changes_total{job=~"$job"}[2m])) > 0',
          'Model change', 'purple', '{{provider}}/{{model}}'
        ),
        annotation(
          'Prompt changes', 'sum by (route, name) (changes(llm_prompt_changes_total{job=~"$job"}[2m])) > 0',
          'Prompt change', 'blue', '{{route}} {{name}}'
        ),
        annotation(
          'Configuration', 'changes(tocsin_config_last_reload_success_timestamp_seconds{job=~"$job"}[2m]) > 0',
          'Configuration loaded', 'yellow', '{{instance}}'
        ),
      ],
    },
    links: [{
      title: 'Tocsin',
      type: 'dashboards',
      tags: ['tocsin'],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      tooltip: 'The other pages, with the same variables and time',
      url: '',
    }],
    panels: place(rows),
  },

  local place(rows) =
    local lay(state, row) =
      local header = { type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y: state.y, w: 24, h: 1 }, panels: [] };
      local step(s, item) =
        local wraps = s.x + item.w > 24;
        local x = if wraps then 0 else s.x;
        local y = if wraps then s.y + s.h else s.y;
        { x: x + item.w, y: y, h: if wraps then item.h else std.max(s.h, item.h), out: s.out + [item.panel { gridPos: { x: x, y: y, w: item.w, h: item.h } }] };
      local laid = std.foldl(step, row.panels, { x: 0, y: state.y + 1, h: 0, out: [] });
      { y: laid.y + laid.h, out: state.out + [header] + laid.out };
    local all = std.foldl(lay, rows, { y: 0, out: [] }).out;
    std.mapWithIndex(function(i, p) p { id: i + 1 }, all),
}
