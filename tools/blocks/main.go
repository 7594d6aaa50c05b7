// blocks FOLDER FROM TO STEP [head] < SERIES: writes one TSDB block with series that grow steadily.
//
// With "head" they are left in the write-ahead log: a server that starts on it holds them in memory, as one that runs
// holds the last two hours.
//
// Each line of SERIES is labels as Prometheus prints them, a space, and what the value grows by each step (0 and a
// leading "=" for one that stays: `=0.8`); "/4" behind it writes every fourth step alone. Times are Unix seconds. Used
// by bench/rules.py: promtool makes blocks of OpenMetrics text too, but reads the text once for every two hours of a week.
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
	every  int64
}

func main() {
	if len(os.Args) < 5 || len(os.Args) > 6 {
		log.Fatal("usage: blocks FOLDER FROM TO STEP [head] < SERIES")
	}
	from, to, step := number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	all := read()
	if len(os.Args) == 6 {
		head(os.Args[1], all, from, to, step)
		return
	}
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), os.Args[1], 2*(to-from+step)*1000)
	check(err)
	ctx := context.Background()
	grow(ctx, writer, all, from, to, step)
	id, err := writer.Flush(ctx)
	check(err)
	fmt.Printf("%s: %d series\n", id, len(all))
}

func head(folder string, all []series, from, to, step int64) {
	db, err := tsdb.Open(folder, slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	check(err)
	db.DisableCompactions()
	grow(context.Background(), db, all, from, to, step)
	check(db.Close())
	fmt.Printf("head: %d series\n", len(all))
}

type appendable interface {
	Appender(context.Context) storage.Appender
}

func grow(ctx context.Context, to appendable, all []series, from, until, step int64) {
	var err error
	for at := from; at < until; at += step {
		appender := to.Appender(ctx)
		for i := range all {
			s := &all[i]
			if (at/step)%s.every != 0 {
				continue
			}
			value := s.growth
			if !s.fixed {
				value = s.growth * float64(at/step)
			}
			s.ref, err = appender.Append(s.ref, s.labels, at*1000, value)
			check(err)
		}
		check(appender.Commit())
	}
}

func read() []series {
	var all []series
	p := parser.NewParser(parser.Options{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, value, _ := strings.Cut(strings.Replace(lines.Text(), "} ", "}\t", 1), "\t")
		set, err := p.ParseMetric(text)
		check(err)
		value, every, _ := strings.Cut(value+"/1", "/")
		growth, err := strconv.ParseFloat(strings.TrimPrefix(value, "="), 64)
		check(err)
		steps := number(strings.TrimSuffix(every, "/1"))
		all = append(all, series{labels: set, growth: growth, fixed: strings.HasPrefix(value, "="), every: steps})
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
