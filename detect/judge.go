package detect

import (
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sigma"
)

// FindingFormat is what events made of findings are of.
var FindingFormat = &event.Format{
	Name:      "tocsin.detect",
	LogSource: event.LogSource{Product: "tocsin", Service: "detect"},
}

// findingOrigin is where the events of findings come from.
var findingOrigin = &event.Origin{Path: "tocsin", Format: "tocsin.detect"}

// Senses returns what the detectors beside the rules are to be like, nil where there are none.
func (e *Engine) Senses() *sense.Options { return e.opt.Senses }

// judge matches findings against the rules.
type judge struct {
	worker *Worker
	shapes event.Shapes
	batch  event.Batch
	keys   map[*sigma.Rule]string
}

// Judge returns a function that says which rules describe a finding. It belongs to one goroutine.
func (e *Engine) Judge() func(*sense.Finding) []*LiveHit {
	j := &judge{worker: e.NewWorker(), keys: make(map[*sigma.Rule]string)}
	return j.hits
}

// hits returns the hits of a finding.
func (j *judge) hits(f *sense.Finding) []*LiveHit {
	names := []string{"@timestamp", "event.module", "event.dataset", "event.action", "message"}
	values := []string{time.Unix(0, f.Time).UTC().Format(time.RFC3339Nano), "tocsin", FindingFormat.Name, f.Action, f.Text}
	for _, x := range f.Fields {
		if x.Value != "" && !slices.Contains(names, x.Name) {
			names, values = append(names, x.Name), append(values, x.Value)
		}
	}
	if f.Count > 0 {
		names, values = append(names, "tocsin.count"), append(values, strconv.FormatInt(f.Count, 10))
	}
	j.batch.Reset()
	ev := j.batch.Add(j.shapes.Intern(FindingFormat, names))
	for i, v := range values {
		ev.Values[i] = event.Value{Raw: v, Kind: event.Text}
	}
	ev.Time, ev.Origin = f.Time, findingOrigin
	refs := f.Refs[:min(len(f.Refs), sense.MaxRefs)]
	if len(refs) > 0 {
		last := refs[len(refs)-1]
		ev.Record, ev.Origin = last.Record, &event.Origin{Path: last.File, Format: FindingFormat.Name}
	}
	var out []*LiveHit
	r := j.worker.Match(&j.batch)
	for i := range r.Hits {
		h := &r.Hits[i]
		hit := h.Hit
		hit.Events, hit.Count = slices.Clone(refs), f.Count
		if f.Last > f.Time {
			hit.Last = time.Unix(0, f.Last).UTC()
		}
		key, ok := j.keys[h.Rule]
		if !ok {
			key = RuleKey(h.Rule)
			j.keys[h.Rule] = key
		}
		out = append(out, &LiveHit{Rule: h.Rule, Hit: &hit, Last: max(f.Last, f.Time), Key: pack.Hash("finding", key, f.Key), Open: f.Open})
	}
	j.worker.engine.Reuse(r)
	return out
}
