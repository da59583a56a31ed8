package serve

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/store"
)

// lookBack is how far back what is new in a list is looked for in what is kept.
const lookBack = 30 * 24 * time.Hour

// intelRound is the pause between two looks at whether a list is due or has changed.
const intelRound = 20 * time.Second

// subscriptions are the lists of indicators of a serve.
type subscriptions struct {
	serve    *serve
	set      *intel.Set
	prints   map[string]string // of the lists, as they are in force
	failed   map[string]string // what was told of a list last
	tried    map[string]time.Time
	wake     chan struct{}                // is told when a list may have changed
	searched map[string]map[string]string // by tenant: the prints of lists that its store was searched for
}

// openIntel puts the lists in force as they lie on disk, before the first event comes.
func (s *serve) openIntel() error {
	if err := feeds.Complete(s.settings.Intel); err != nil {
		return err
	}
	s.indicators = &sight.Indicators{}
	s.feeds = &subscriptions{
		serve: s, prints: make(map[string]string), failed: make(map[string]string), tried: make(map[string]time.Time),
		searched: make(map[string]map[string]string), wake: make(chan struct{}, 1),
	}
	if len(s.settings.Intel) > 0 {
		s.feeds.load(s.settings.Intel)
	}
	return nil
}

// load reads all lists and puts them in force.
func (f *subscriptions) load(lists []feeds.List) {
	set, status := feeds.Load(lists, f.serve.dir)
	clear(f.prints)
	for i := range status {
		st := &status[i]
		f.prints[st.Name] = st.Fingerprint
		if st.Error != "" {
			f.complain(st.Name, st.Error)
		}
		f.serve.log.Info("a list of indicators is in force", "list", st.Name, "indicators", st.Indicators, "unread", st.Unread)
	}
	f.set = set
	if set.Len() == 0 {
		set = nil
	}
	f.serve.indicators.Use(set)
}

// complain tells what is wrong with a list, once.
func (f *subscriptions) complain(name, reason string) {
	if f.failed[name] != reason {
		f.failed[name] = reason
		f.serve.log.Warn("a list of indicators cannot be read; what was in force still is", "list", name, "error", reason)
	}
}

// keep fetches lists on their schedule and takes up what has changed, until ctx is done.
func (f *subscriptions) keep(ctx context.Context) {
	round := time.NewTicker(intelRound)
	defer round.Stop()
	for {
		lists := f.serve.intelLists()
		f.fetch(ctx, lists)
		if f.changed(lists) {
			f.load(lists)
		}
		for _, t := range f.serve.tenants {
			f.search(ctx, t, lists)
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-round.C:
		}
	}
}

// look makes keep look at the lists at once.
func (f *subscriptions) look() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// intelLists returns the lists that the configuration names now.
func (s *serve) intelLists() []feeds.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.Intel
}

// fetch fetches what is due.
func (f *subscriptions) fetch(ctx context.Context, lists []feeds.List) {
	for i := range lists {
		l := &lists[i]
		if l.URL == "" || ctx.Err() != nil || time.Since(f.tried[l.Name]) < l.Refresh {
			continue
		}
		if files, err := l.Files(f.serve.dir); err == nil && f.tried[l.Name].IsZero() && time.Since(files[0].Modified) < l.Refresh {
			f.tried[l.Name] = files[0].Modified
			continue
		}
		f.tried[l.Name] = time.Now()
		if _, err := feeds.Fetch(ctx, l, f.serve.dir); err != nil {
			if ctx.Err() == nil {
				f.complain(l.Name, err.Error())
			}
			continue
		}
		delete(f.failed, l.Name)
	}
}

// changed tells whether a list is no longer as it was loaded.
func (f *subscriptions) changed(lists []feeds.List) bool {
	if len(lists) != len(f.prints) {
		return true
	}
	for i := range lists {
		known, ok := f.prints[lists[i].Name]
		files, err := lists[i].Files(f.serve.dir)
		if !ok || err == nil && feeds.Fingerprint(files) != known {
			return true
		}
	}
	return false
}

// intelFact is the key under which the state knows for which lists a tenant's store was searched.
const intelFact = "intel searched"

// search runs what is new in the lists over what a tenant has kept of the last 30 days.
func (f *subscriptions) search(ctx context.Context, t *tenant, lists []feeds.List) {
	select {
	case <-t.line.Present():
	default:
		return // what a crash has left comes first; the next round will do
	}
	done := f.searchedBy(ctx, t)
	b := intel.NewBuilder()
	var names []string
	for i := range lists {
		l := &lists[i]
		if p := f.prints[l.Name]; p == "" || done[l.Name] == p {
			continue
		}
		names = append(names, l.Name)
		feeds.LoadInto(b, l, f.serve.dir, t.indicators)
	}
	if len(names) == 0 {
		return
	}
	fresh := b.Build()
	now := time.Now()
	f.serve.log.Info("what is new in lists of indicators is looked for in what is kept", "tenant", t.name, "lists", strings.Join(names, ", "), "indicators", fresh.Len())
	events, found, err := searchKept(ctx, t, fresh, now, f.serve)
	if err != nil {
		if ctx.Err() == nil {
			f.serve.log.Warn("what is kept could not be searched for indicators; it is tried again", "tenant", t.name, "error", err)
		}
		return
	}
	f.serve.log.Info("what is kept was searched for indicators", "tenant", t.name, "events", events, "found", found, "took", time.Since(now).Round(time.Millisecond))
	facts := make(map[string]string)
	for _, n := range names {
		done[n] = f.prints[n]
		facts[intelFact+" "+n] = f.prints[n]
	}
	t.indicators = f.set
	if err := t.state.SetFacts(ctx, facts); err != nil && ctx.Err() == nil {
		f.serve.log.Warn("for which lists the store was searched cannot be noted", "tenant", t.name, "error", err)
	}
}

// searchedBy returns for which lists a tenant's store was searched.
func (f *subscriptions) searchedBy(ctx context.Context, t *tenant) map[string]string {
	done := f.searched[t.name]
	if done == nil {
		done = make(map[string]string)
		f.searched[t.name] = done
	}
	for name := range f.prints {
		if _, known := done[name]; known {
			continue
		}
		if p, err := t.state.Fact(ctx, intelFact+" "+name); err == nil {
			done[name] = p
		}
	}
	return done
}

// searchKept holds what is kept of the last 30 days against a set.
func searchKept(ctx context.Context, t *tenant, set *intel.Set, now time.Time, s *serve) (events, found int64, err error) {
	if set.Len() == 0 {
		return 0, 0, nil
	}
	x := &sight.Indicators{}
	x.Use(set)
	search := x.NewSearch()
	rows := &keptRows{origins: make(map[string]*event.Origin), formats: make(map[string]*event.Format)}
	told := time.Now()
	q := &query.Query{Since: now.Add(-lookBack).UnixNano(), Until: now.UnixNano()}
	err = t.store.Query(ctx, q, func(b *store.Block) error {
		rows.events(b)
		sightings := search.Match(&rows.batch)
		events += int64(b.Rows)
		found += int64(len(sightings))
		if time.Since(told) > time.Minute {
			told = time.Now()
			s.log.Info("what is kept is being searched for indicators", "tenant", t.name, "events", events, "found", found)
		}
		return t.line.Sight(ctx, sightings)
	})
	return events, found, err
}

// keptRows makes events of rows of the store again.
type keptRows struct {
	batch   event.Batch
	shapes  event.Shapes
	origins map[string]*event.Origin
	formats map[string]*event.Format
}

// maxKeptNames bounds the origins and formats that are remembered.
const maxKeptNames = 4096

// events makes the events of a block. They share memory with it.
func (k *keptRows) events(b *store.Block) {
	k.batch.Reset()
	column := make(map[string][]string, len(b.Names))
	for i, n := range b.Names {
		column[n] = b.Columns[i]
	}
	cell := func(name string, row int) string {
		if c := column[name]; c != nil {
			return c[row]
		}
		return ""
	}
	for r := range b.Rows {
		ev := k.batch.Add(k.shapes.Intern(k.format(cell("dataset", r)), b.Names))
		for i := range b.Names {
			if v := b.Columns[i][r]; v != "" {
				ev.Values[i] = event.Value{Raw: v, Kind: event.Text}
				if v[0] == '[' && v[len(v)-1] == ']' {
					ev.Values[i].Kind = event.List
				}
			}
		}
		if at, err := time.Parse(time.RFC3339Nano, cell(query.Time, r)); err == nil {
			ev.Time = at.UnixNano()
		}
		ev.Origin = k.origin(cell("log.file.path", r))
		ev.Record, _ = strconv.ParseInt(cell("event.sequence", r), 10, 64)
	}
}

// format is that of a dataset: its name, and for Windows what its fields mean. The others have been kept under the names
// of ECS, too.
func (k *keptRows) format(dataset string) *event.Format {
	f := k.formats[dataset]
	if f == nil {
		f = &event.Format{Name: strings.Clone(dataset)}
		if dataset == event.WindowsFormat.Name {
			f = event.WindowsFormat
		}
		if strings.HasPrefix(dataset, "tocsin") {
			f.LogSource.Product = "tocsin"
		}
		if len(k.formats) < maxKeptNames {
			k.formats[f.Name] = f
		}
	}
	return f
}

func (k *keptRows) origin(path string) *event.Origin {
	o := k.origins[path]
	if o == nil {
		o = &event.Origin{Path: strings.Clone(path), Format: "kept"}
		if len(k.origins) < maxKeptNames {
			k.origins[o.Path] = o
		}
	}
	return o
}
