// Panels. Every panel says what it shows and what bad looks like, has a unit, and says what an empty one means.
local datasource = { type: 'prometheus', uid: '${datasource}' };

// A query, or several: { 'legend': 'expression' }.
local targets(queries, extra={}) = [
  {
    datasource: datasource,
    refId: std.char(65 + i),
    expr: queries[legend],
    legendFormat: legend,
  } + extra
  for i in std.range(0, std.length(std.objectFields(queries)) - 1)
  for legend in [std.objectFields(queries)[i]]
];

local panel(type, title, description, queries, unit, noValue) = {
  type: type,
  title: title,
  description: description,
  datasource: datasource,
  targets: targets(queries),
  fieldConfig: { defaults: { unit: unit, noValue: noValue, color: { mode: 'palette-classic' } }, overrides: [] },
  links: [],
};

{
  datasource:: datasource,

  // A graph over time. `thresholds` are the values at which an alert fires, drawn dashed. Lines whose legends begin with
  // `faint` are what is usual, grey; those that begin with `alarming` are bounds that page, red. Both are dashed.
  graph(title, description, queries, unit, noValue='no traffic', thresholds=[], stack=false, exemplars=false, max=null, faint='', alarming='')::
    panel('timeseries', title, description, queries, unit, noValue) {
      targets: targets(queries, if exemplars then { exemplar: true } else {}),
      options: {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      fieldConfig+: {
        defaults+: {
          min: 0,
          [if max != null then 'max']: max,
          custom: {
            drawStyle: 'line',
            lineWidth: 1,
            fillOpacity: if stack then 30 else 5,
            showPoints: 'never',
            spanNulls: false,
            stacking: { mode: if stack then 'normal' else 'none', group: 'A' },
            thresholdsStyle: { mode: if thresholds == [] then 'off' else 'dashed' },
          },
          thresholds: {
            mode: 'absolute',
            steps: [{ color: 'green', value: null }] + [{ color: 'red', value: value } for value in thresholds],
          },
        },
        overrides: [
          {
            matcher: { id: 'byRegexp', options: '/^%s/' % line[0] },
            properties: [
              { id: 'color', value: { mode: 'fixed', fixedColor: line[1] } },
              { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
              { id: 'custom.fillOpacity', value: 0 },
            ],
          }
          for line in [[faint, 'text'], [alarming, 'red']]
          if line[0] != ''
        ],
      },
    },

  // One number. `red` is the value from which it is bad; `low` where under it is bad.
  stat(title, description, query, unit, red=null, low=false, noValue='no data')::
    panel('stat', title, description, { '': query }, unit, noValue) {
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: if red == null then 'none' else 'background',
        graphMode: 'area',
        justifyMode: 'auto',
        orientation: 'auto',
        textMode: 'auto',
      },
      fieldConfig+: {
        defaults+: {
          color: { mode: 'thresholds' },
          thresholds: {
            mode: 'absolute',
            steps:
              if red == null then [{ color: 'text', value: null }]
              else if low then [{ color: 'red', value: null }, { color: 'green', value: red }]
              else [{ color: 'green', value: null }, { color: 'red', value: red }],
          },
        },
      },
    },

  // A table of the newest values, a column a query and label: those in `order` first. `worst` is the column to sort by,
  // largest first; `hidden` are queries whose values say nothing, like the 1 of an info metric.
  table(title, description, queries, unit, noValue='nothing to show', units={}, order=[], worst='', hidden=[])::
    local names = std.objectFields(queries);
    // Grafana calls the values of an only query "Value", those of several "Value #A", "Value #B", ...
    local field = {
      [names[i]]: if std.length(names) == 1 then 'Value' else 'Value #' + std.char(65 + i)
      for i in std.range(0, std.length(names) - 1)
    };
    panel('table', title, description, queries, unit, noValue) {
      targets: targets(queries, { instant: true, format: 'table' }),
      options: {
        showHeader: true,
        cellHeight: 'sm',
        footer: { show: false, reducer: ['sum'], countRows: false, fields: '' },
        [if worst != '' then 'sortBy']: [{ displayName: worst, desc: true }],
      },
      fieldConfig+: {
        defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
        overrides: [
          { matcher: { id: 'byName', options: name }, properties: [{ id: 'unit', value: units[name] }] }
          for name in std.objectFields(units)
        ],
      },
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true } + { [field[name]]: true for name in hidden },
            renameByName: { [field[name]]: name for name in names },
            indexByName: { [std.get(field, order[i], order[i])]: i for i in std.range(0, std.length(order) - 1) },
          },
        },
      ],
    },

  heatmap(title, description, query, unit, noValue='no traffic')::
    panel('heatmap', title, description, { '{{le}}': query }, unit, noValue) {
      targets: targets({ '{{le}}': query }, { format: 'heatmap', exemplar: true }),
      options: {
        calculate: false,
        cellGap: 1,
        color: { mode: 'scheme', scheme: 'Oranges', steps: 64, exponent: 0.5, fill: 'dark-orange', reverse: false },
        yAxis: { unit: unit, axisPlacement: 'left', reverse: false },
        tooltip: { mode: 'single', yHistogram: false },
        legend: { show: true },
        rowsFrame: { layout: 'auto' },
        showValue: 'never',
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        filterValues: { le: 1e-9 },
      },
    },

  // What fires now, in the reach of this page's variables.
  alerts(title, description, filter)::
    panel('alertlist', title, description, {}, 'none', 'nothing fires') {
      targets: [],
      fieldConfig: { defaults: {}, overrides: [] },
      options: {
        alertName: '',
        alertInstanceLabelFilter: filter,
        dashboardAlerts: false,
        groupMode: 'default',
        groupBy: [],
        maxItems: 20,
        sortOrder: 3,
        viewMode: 'list',
        stateFilter: { firing: true, pending: true, noData: false, normal: false, 'error': true },
      },
    },

  text(title, description, markdown)::
    panel('text', title, description, {}, 'none', '') {
      targets: [],
      fieldConfig: { defaults: {}, overrides: [] },
      options: { mode: 'markdown', content: markdown },
    },

  // Clicking a line leads to another page, filtered by what was clicked. A link of the data: those of a panel know no
  // labels. Names of routes may hold `&` and `+`.
  drill(uid, labels):: {
    fieldConfig+: { defaults+: { links: [{
      title: 'Open ' + uid,
      url: '/d/' + uid + '?${__url_time_range}&' + std.join('&', ['${%s:queryparam}' % v for v in ['datasource', 'job', 'instance']] + ['var-%s=${__field.labels.%s:percentencode}' % [l, l] for l in labels]),
      targetBlank: false,
    }] } },
  },
}
