package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// chart is the histogram as it is drawn: places along the time in percent, heights in pixels.
type chart struct {
	Bars   []bar
	Ticks  []tick
	Lines  []gridLine
	Height int
	Width  string // of a bar, in words
	Levels []string
	Rows   []chartRow // the same in numbers
	Cut    int        // rows that are not in Rows
}

type bar struct {
	Label string
	Parts []barPart
}

type barPart struct {
	Level    string
	X, Width string // percent
	Y        string
	Height   string
}

type tick struct {
	X      string
	Text   string
	Anchor string
	Odd    bool // may be left out where there is little room
}

type gridLine struct {
	Y    string
	Text string
}

type chartRow struct {
	Time   string
	Counts []int64
}

const (
	chartHeight  = 132 // of the highest bar
	chartTop     = 14
	leastHeight  = 2.5 // of a bar's part, so that one hit among thousands is seen
	maxChartRows = maxBuckets
)

// newChart draws a histogram; nil where no hit has a time.
func newChart(h *histogram) *chart {
	n := len(h.buckets)
	if n == 0 {
		return nil
	}
	c := &chart{Height: chartTop + chartHeight, Width: roughly(h.width())}
	for i := range levels {
		c.Levels = append(c.Levels, levels[i].name)
	}
	var most int64
	for i := range h.buckets {
		most = max(most, total(&h.buckets[i]))
	}
	slots := max(n, 12) // few bars do not get as wide as the page
	for i := range h.buckets {
		if total(&h.buckets[i]) == 0 {
			continue
		}
		c.Bars = append(c.Bars, drawBar(h, i, slots, most))
		c.Rows = append(c.Rows, chartRow{moment(h.start(i)), h.buckets[i][:]})
	}
	for _, v := range gridValues(most) {
		c.Lines = append(c.Lines, gridLine{fixed(float64(chartTop+chartHeight) - float64(v)/float64(most)*chartHeight), Amount(v)})
	}
	c.Ticks = axisTicks(h.start(0), h.start(slots))
	return c
}

func drawBar(h *histogram, i, slots int, most int64) bar {
	step := 100 / float64(slots)
	counts := &h.buckets[i]
	b := bar{Label: h.start(i).Format("2 Jan 2006 15:04:05") + ":"}
	y := float64(chartTop + chartHeight)
	var words []string
	for s, n := range counts {
		if n == 0 {
			continue
		}
		height := max(float64(n)/float64(most)*chartHeight, leastHeight)
		y -= height
		b.Parts = append(b.Parts, barPart{levels[s].name, fixed(float64(i)*step + step*.08), fixed(step * .84), fixed(max(y, 0)), fixed(height)})
		words = append(words, Amount(n)+" "+levels[s].name)
	}
	b.Label += " " + strings.Join(words, ", ")
	return b
}

func total(b *bucket) int64 {
	var n int64
	for _, c := range b {
		n += c
	}
	return n
}

// gridValues returns the numbers beside the lines of the chart: the greatest, and about half of it.
func gridValues(most int64) []int64 {
	if most < 2 {
		return []int64{most}
	}
	return []int64{most / 2, most}
}

func fixed(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", f), ".00") }

// steps are the distances between marks on the axis of time, in seconds.
var steps = [...]int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 5 * 86400,
	7 * 86400, 14 * 86400,
}

// axisTicks returns at most eight marks between two times, at round times.
func axisTicks(from, to time.Time) []tick {
	const most = 8
	length := to.Sub(from)
	for _, s := range steps {
		step := time.Duration(s) * time.Second
		if length/step >= most {
			continue
		}
		var list []time.Time
		t := from.Truncate(step)
		if t.Before(from) {
			t = t.Add(step)
		}
		for ; t.Before(to); t = t.Add(step) {
			list = append(list, t)
		}
		return place(list, from, to, func(i int) string { return clockText(list, i, step) })
	}
	months := max(1, int(math.Ceil(length.Hours()/24/30.4/most)))
	for _, nice := range []int{1, 2, 3, 6, 12} {
		if months <= nice {
			months = nice
			break
		}
	}
	if months > 12 {
		months = (months + 11) / 12 * 12
	}
	var list []time.Time
	first := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; len(list) <= most && i < 1000; i++ {
		if t := first.AddDate(0, i*months, 0); t.After(to) {
			break
		} else if !t.Before(from) {
			list = append(list, t)
		}
	}
	format := "Jan 2006"
	if months >= 12 {
		format = "2006"
	}
	return place(list, from, to, func(i int) string { return list[i].Format(format) })
}

// clockText names a time as shortly as its neighbours allow: the day where a new one begins.
func clockText(list []time.Time, i int, step time.Duration) string {
	t := list[i]
	switch {
	case step >= 24*time.Hour:
		return t.Format("2 Jan")
	case i == 0 || t.YearDay() != list[i-1].YearDay():
		if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
			return t.Format("2 Jan")
		}
		if step >= time.Minute {
			return t.Format("2 Jan 15:04")
		}
	}
	if step < time.Minute {
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}

func place(list []time.Time, from, to time.Time, text func(int) string) []tick {
	var out []tick
	for i, t := range list {
		x := t.Sub(from).Seconds() / to.Sub(from).Seconds() * 100
		anchor := "middle"
		switch {
		case x < 8:
			anchor = "start"
		case x > 94:
			anchor = "end"
		}
		out = append(out, tick{fixed(x), text(i), anchor, i%2 == 1})
	}
	return out
}

// roughly names a length of time as a person would.
func roughly(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		word string
	}{{365 * 24 * time.Hour, "year"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.unit {
			n := int64(math.Round(float64(d) / float64(u.unit)))
			if time.Duration(n)*u.unit == d {
				return many(n, u.word)
			}
			return "about " + many(n, u.word)
		}
	}
	return many(int64(d/time.Second), "second")
}
