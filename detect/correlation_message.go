package detect

import (
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
	if c.Last > c.Time {
		h.Last = time.Unix(0, c.Last).UTC()
	}
	if len(c.By) > 0 && len(c.By) < len(c.Entities.Users) {
		h.By = c.By
	}
	corr := c.Rule.Correlation
	for i, g := range c.Group {
		h.Matched = append(h.Matched, Matched{Field: corr.GroupBy[i], Value: g, By: "group-by " + corr.GroupBy[i]})
	}
	h.Matched = append(h.Matched, Matched{
		Field: strings.Join(corr.Field, ", "), Value: strconv.FormatFloat(c.Value, 'f', -1, 64), By: DescribeCorrelation(corr),
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
