package detect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// correlationMessage makes a line of the run from what a correlation found.
func correlationMessage(c *CorrelationHit) *Hit {
	h := &Hit{
		Type: "hit", Rule: hitRule(c.Rule), File: c.Ref.File, Record: c.Ref.Record, LogSource: baseSource(c.Rule),
		Entities: c.Entities, Events: c.Events, Count: c.Count,
	}
	if c.Time != 0 {
		h.Time = time.Unix(0, c.Time).UTC()
	}
	corr := c.Rule.Correlation
	for i, g := range c.Group {
		h.Matched = append(h.Matched, Matched{Field: corr.GroupBy[i], Value: g, By: "group-by " + corr.GroupBy[i]})
	}
	h.Matched = append(h.Matched, Matched{
		Field: strings.Join(corr.Field, ", "), Value: strconv.FormatFloat(c.Value, 'f', -1, 64), By: ConditionText(corr),
	})
	return h
}

// baseSource is the log source of the detections behind a correlation, where they all have the same.
func baseSource(r *sigma.Rule) (source event.LogSource) {
	first := true
	for r, more := r, []*sigma.Rule(nil); r != nil; {
		if r.Correlation == nil {
			if first {
				source, first = r.LogSource, false
			} else if source != r.LogSource {
				return event.LogSource{}
			}
		} else {
			for _, ref := range r.Correlation.Rules {
				more = append(more, ref.Rule)
			}
		}
		if len(more) == 0 {
			break
		}
		r, more = more[0], more[1:]
	}
	return source
}

// ConditionText writes a correlation's condition on one line, e.g. "event_count gte 10 in 10m".
func ConditionText(c *sigma.Correlation) string {
	var b strings.Builder
	b.WriteString(c.Type.String())
	for _, k := range c.Condition {
		fmt.Fprintf(&b, " %s %s", k.Cmp, strconv.FormatFloat(k.Value, 'f', -1, 64))
	}
	if c.Condition == nil {
		names := make([]string, len(c.Rules))
		for i, r := range c.Rules {
			names[i] = r.Ref
			if r.Rule != nil {
				names[i] = r.Rule.Title
			}
		}
		fmt.Fprintf(&b, " of %s", strings.Join(names, ", "))
	}
	fmt.Fprintf(&b, " in %s", spanText(time.Duration(c.Timespan)))
	return b.String()
}

// spanText writes a timespan as rules do: one number and one unit.
func spanText(d time.Duration) string {
	switch {
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	case d >= time.Hour && d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	case d >= time.Minute && d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}
