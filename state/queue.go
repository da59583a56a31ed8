package state

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unique"

	"github.com/tocsin-sec/tocsin/alert"
)

// Bounds of a queue.
const (
	maxQueue  = 50_000 // open incidents that are known by their briefs: about 1 kB each
	maxClosed = 20_000 // others that are read for one question
	maxDirty  = 5_000  // changes after which all are read again
	maxNamed  = 16     // of each kind that a brief names
)

// Brief is as much of an incident as lists are filtered, counted and put in order by. It must not be changed.
type Brief struct {
	Key, Title, Sentence         string
	Level, Score                 int
	First, Last, Seen, Updated   int64
	Status, Owner, Verdict, Case string
	Until, Decided               int64  // as alert.Incident has them
	Kind                         string // as alert.Message has it
	Stages, Tags                 []string
	Rules                        []BriefRule
	Hosts, Users, Addresses      []string // the worst first
	Alerts, Hits                 int64
}

// BriefRule is a rule of an incident.
type BriefRule struct{ ID, Title string }

// briefOf is the brief of an incident.
func briefOf(i *alert.Incident) *Brief {
	b := &Brief{
		Key: i.Key, Title: same(i.Title), Sentence: i.Sentence, Level: i.Level, Score: i.Score, First: i.First, Last: i.Last, Seen: i.Seen, Updated: i.Updated,
		Status: same(i.Status), Owner: same(i.Owner), Verdict: same(i.Verdict), Case: same(i.Case), Until: i.Until, Decided: i.Decided,
		Kind: i.Kind(), Alerts: i.Alerts, Hits: i.Hits,
	}
	for _, s := range i.Stages {
		b.Stages = append(b.Stages, same(s))
	}
	for _, id := range slices.Sorted(maps.Keys(i.Rules)) {
		r := i.Rules[id]
		if len(b.Rules) < maxNamed {
			b.Rules = append(b.Rules, BriefRule{same(id), same(r.Title)})
		}
		for _, t := range r.Tags {
			if t = same(t); len(b.Tags) < 4*maxNamed && !slices.Contains(b.Tags, t) {
				b.Tags = append(b.Tags, t)
			}
		}
	}
	for _, e := range i.Entities {
		to := &b.Addresses
		switch e.Kind {
		case alert.KindHost:
			to = &b.Hosts
		case alert.KindUser:
			to = &b.Users
		case alert.KindAddress:
		default:
			continue
		}
		if len(*to) < maxNamed {
			*to = append(*to, same(e.Name))
		}
	}
	return b
}

// same keeps one copy of a text that many have.
func same(s string) string { return unique.Make(s).Value() }

// StatusAt is the status at a time: one that was put off is new again when that time is over.
func (b *Brief) StatusAt(now int64) string {
	if b.Status == alert.Snoozed && now >= b.Until {
		return alert.New
	}
	return b.Status
}

// queue holds the briefs of the open incidents. It is read when somebody first asks; from then on what was written is
// read again before the next answer.
type queue struct {
	mu     sync.Mutex
	loaded bool
	cut    bool // there are more than maxQueue
	open   map[string]*Brief
	order  []*Brief // the worst first; nil where it is to be made
	dirty  map[string]bool
	watch  watchers
}

// touch notes that incidents were written; with none, any may have been.
func (q *queue) touch(keys ...string) {
	if len(keys) > 0 {
		defer q.watch.tell(WroteIncidents, keys) // after q is let go
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.loaded {
		return
	}
	if len(keys) == 0 || len(q.dirty)+len(keys) > maxDirty {
		q.loaded, q.open, q.order, q.dirty = false, nil, nil, nil
		return
	}
	for _, k := range keys {
		q.dirty[k] = true
	}
}

// briefs returns the open incidents, the worst first. The slice must not be changed.
func (s *State) briefs(ctx context.Context) (list []*Brief, cut bool, err error) {
	q := &s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.loaded {
		if err := s.loadQueue(ctx); err != nil {
			return nil, false, fmt.Errorf("read open incidents: %w", err)
		}
	}
	if len(q.dirty) > 0 {
		keys := make([]string, 0, len(q.dirty))
		for k := range q.dirty {
			keys = append(keys, k)
		}
		fresh, err := s.incidentsByKeys(ctx, keys)
		if err != nil {
			return nil, false, fmt.Errorf("read open incidents: %w", err)
		}
		for _, k := range keys {
			delete(q.open, k)
		}
		for _, i := range fresh {
			if i.IsOpen() {
				q.open[i.Key] = briefOf(i)
			}
		}
		clear(q.dirty)
		q.order = nil
	}
	if q.order == nil {
		q.order = make([]*Brief, 0, len(q.open))
		for _, b := range q.open {
			q.order = append(q.order, b)
		}
		slices.SortFunc(q.order, byScore)
	}
	return q.order, q.cut, nil
}

// byScore and byLast are the orders of incidents.
func byScore(a, b *Brief) int { return cmp.Or(cmp.Compare(b.Score, a.Score), byLast(a, b)) }

func byLast(a, b *Brief) int {
	return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(b.Key, a.Key))
}

// loadQueue reads the briefs of all open incidents, a page at a time; it is called with the lock.
func (s *State) loadQueue(ctx context.Context) error {
	q := &s.queue
	q.open, q.order, q.dirty, q.cut = make(map[string]*Brief), nil, make(map[string]bool), false
	f := IncidentFilter{Newest: true, Limit: pageRows}
	for len(q.open) < maxQueue {
		list, err := s.listIncidents(ctx, f)
		if err != nil {
			return err
		}
		for _, i := range list {
			q.open[i.Key] = briefOf(i)
		}
		if len(list) < pageRows {
			q.loaded = true
			return nil
		}
		f.After = list[len(list)-1].Key
	}
	q.loaded, q.cut = true, true
	return nil
}

// incidentsByKeys reads incidents, in any order; what is not there is left out.
func (s *State) incidentsByKeys(ctx context.Context, keys []string) ([]*alert.Incident, error) {
	var out []*alert.Incident
	for part := range slices.Chunk(keys, pageRows) {
		q := query{}
		q.text("SELECT " + incidentColumns + " FROM incidents WHERE key IN ")
		q.row(anys(part)...)
		rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
		if err != nil {
			return nil, err
		}
		list, err := scanIncidents(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Briefs returns the briefs of the incidents that a filter means, all of them in its order; After and Limit are of no
// consequence. It says whether there are more than it looks at: 50,000 open ones, 20,000 others. The briefs must not be
// changed.
func (s *State) Briefs(ctx context.Context, f IncidentFilter) (list []*Brief, cut bool, err error) {
	if !f.ofQueue() {
		return s.otherBriefs(ctx, f)
	}
	all, cut, err := s.briefs(ctx)
	if err != nil {
		return nil, false, err
	}
	var among map[string]bool
	if f.Entity != "" || f.Text != "" {
		if among, err = s.incidentKeys(ctx, f); err != nil {
			return nil, false, fmt.Errorf("list incidents: %w", err)
		}
	}
	list = make([]*Brief, 0, len(all))
	for _, b := range all {
		if (among == nil || among[b.Key]) && f.means(b) {
			list = append(list, b)
		}
	}
	if f.Newest {
		slices.SortFunc(list, byLast)
	}
	return list, cut, nil
}

// CountMeant counts the incidents that a filter means; those that it looks at, where the filter has a Match.
func (s *State) CountMeant(ctx context.Context, f IncidentFilter) (n int64, err error) {
	if f.Match != nil {
		list, _, err := s.Briefs(ctx, f)
		return int64(len(list)), err
	}
	q := query{}
	q.text("SELECT count(*) FROM incidents WHERE level >= ")
	q.arg(int64(f.MinLevel))
	f.where(&q)
	if err := s.read.QueryRowContext(ctx, q.sql(), q.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count incidents: %w", err)
	}
	return n, nil
}

// ofQueue tells whether the filter means open incidents only.
func (f *IncidentFilter) ofQueue() bool {
	switch f.Status {
	case "", Waiting, alert.New, alert.Taken, alert.Snoozed:
		return true
	}
	return false
}

// means tells whether an open incident is meant, as far as its brief says so: see where.
func (f *IncidentFilter) means(b *Brief) bool {
	switch at := b.StatusAt(f.Now); f.Status {
	case Waiting:
		if at == alert.Snoozed {
			return false
		}
	case alert.New, alert.Taken, alert.Snoozed:
		if at != f.Status {
			return false
		}
	}
	return b.Level >= f.MinLevel && (f.Since == 0 || b.Last >= f.Since) && (f.Until == 0 || b.Last < f.Until) &&
		(f.UpdatedSince == 0 || b.Updated >= f.UpdatedSince || b.Decided >= f.UpdatedSince) &&
		(f.Owner == "" || b.Owner == f.Owner) && (f.Case == "" || b.Case == f.Case) && (f.Verdict == "" || b.Verdict == f.Verdict) &&
		(len(f.Keys) == 0 || slices.Contains(f.Keys, b.Key)) && (f.Match == nil || f.Match(b))
}

// incidentKeys returns the keys of what a filter means.
func (s *State) incidentKeys(ctx context.Context, f IncidentFilter) (map[string]bool, error) {
	q := query{}
	q.text("SELECT key FROM incidents WHERE level >= ")
	q.arg(int64(f.MinLevel))
	f.where(&q)
	keys, err := s.documents(ctx, q.sql(), q.args...)
	out := make(map[string]bool, len(keys))
	for _, k := range keys {
		out[k] = true
	}
	return out, err
}

// otherBriefs reads the briefs of incidents that need not be open.
func (s *State) otherBriefs(ctx context.Context, f IncidentFilter) (list []*Brief, cut bool, err error) {
	f.Limit, f.After = pageRows, ""
	for read := 0; read < maxClosed; read += pageRows {
		page, err := s.listIncidents(ctx, f)
		if err != nil {
			return nil, false, err
		}
		for _, i := range page {
			if b := briefOf(i); f.Match == nil || f.Match(b) {
				list = append(list, b)
			}
		}
		if len(page) < pageRows {
			return list, false, nil
		}
		f.After = page[len(page)-1].Key
	}
	return list, true, nil
}

// queued is ListIncidents for what is open.
func (s *State) queued(ctx context.Context, f IncidentFilter) ([]*alert.Incident, error) {
	list, _, err := s.Briefs(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.After != "" {
		after := &Brief{Key: f.After}
		if after.Score, after.Last, err = s.placeOf(ctx, f.After); err != nil {
			return nil, fmt.Errorf("list incidents: %w", err)
		}
		order := byScore
		if f.Newest {
			order = byLast
		}
		at, found := slices.BinarySearchFunc(list, after, order)
		if found {
			at++
		}
		list = list[at:]
	}
	list = list[:min(len(list), limitOr(f.Limit, 1000))]
	keys := make([]string, len(list))
	for n, b := range list {
		keys[n] = b.Key
	}
	found, err := s.incidentsByKeys(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	byKey := make(map[string]*alert.Incident, len(found))
	for _, i := range found {
		byKey[i.Key] = i
	}
	out := make([]*alert.Incident, 0, len(keys))
	for _, k := range keys {
		if i := byKey[k]; i != nil {
			out = append(out, i)
		}
	}
	return out, nil
}

// matched is ListIncidents with a Match for what need not be open.
func (s *State) matched(ctx context.Context, f IncidentFilter) ([]*alert.Incident, error) {
	var out []*alert.Incident
	limit := limitOr(f.Limit, 1000)
	f.Limit = pageRows
	for read := 0; read < maxClosed && len(out) < limit; read += pageRows {
		page, err := s.listIncidents(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, i := range page {
			if len(out) < limit && f.Match(briefOf(i)) {
				out = append(out, i)
			}
		}
		if len(page) < pageRows {
			break
		}
		f.After = page[len(page)-1].Key
	}
	return out, nil
}
