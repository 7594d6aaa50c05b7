// blocks FOLDER FROM TO STEP < SERIES: writes one TSDB block with series that grow steadily.
//
// Each line of SERIES is labels as Prometheus prints them, a space, and what the value grows by each step (0 and a
// leading "=" for one that stays: `=0.8`). Times are Unix seconds. Used by bench/rules.py: promtool makes blocks of
// OpenMetrics text too, but reads the text once for every two hours of a week.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

type series struct {
	labels labels.Labels
	ref    storage.SeriesRef
	growth float64
	fixed  bool
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: blocks FOLDER FROM TO STEP < SERIES")
	}
	from, to, step := number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	all := read()
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), os.Args[1], 2*(to-from+step)*1000)
	check(err)
	ctx := context.Background()
	for at := from; at < to; at += step {
		appender := writer.Appender(ctx)
		for i := range all {
			s := &all[i]
			value := s.growth
			if !s.fixed {
				value = s.growth * float64(at/step)
			}
			s.ref, err = appender.Append(s.ref, s.labels, at*1000, value)
			check(err)
		}
		check(appender.Commit())
	}
	id, err := writer.Flush(ctx)
	check(err)
	fmt.Printf("%s: %d series\n", id, len(all))
}

func read() []series {
	var all []series
	p := parser.NewParser(parser.Options{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, value, _ := strings.Cut(strings.Replace(lines.Text(), "} ", "}\t", 1), "\t")
		set, err := p.ParseMetric(text)
		check(err)
		growth, err := strconv.ParseFloat(strings.TrimPrefix(value, "="), 64)
		check(err)
		all = append(all, series{labels: set, growth: growth, fixed: strings.HasPrefix(value, "=")})
	}
	check(lines.Err())
	return all
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
