package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/store"
)

// anomalySettings say how what is out of the ordinary is told.
type anomalySettings struct {
	Budget int      `yaml:"budget" doc:"How many novelties (new hosts, networks, countries, programs) are told in a day at most, the strangest first; -1 for none." default:"10"`
	Off    []string `yaml:"off" doc:"Kinds of findings that are not told, as event.action of the rules of the folder anomaly calls them; all switches them off, but for indicators." example:"[new-host, beacon]"`
	GeoIP  []string `yaml:"geoip" path:"true" doc:"MaxMind databases of countries, cities or networks (.mmdb), for the countries that users log on from. They are read at the start and at a reload." example:"[/var/lib/GeoIP/GeoLite2-Country.mmdb, /var/lib/GeoIP/GeoLite2-ASN.mmdb]"`
}

// senses returns what the detectors are to be like.
func (s *anomalySettings) senses(endless bool) (*sense.Options, error) {
	if s.Budget < -1 || s.Budget > 100_000 {
		return nil, fmt.Errorf("anomalies.budget %d: must be from -1 to 100000", s.Budget)
	}
	opt := &sense.Options{Budget: s.Budget, Off: s.Off, Endless: endless}
	if len(s.GeoIP) == 0 {
		return opt, nil
	}
	p := &places{}
	for _, path := range s.GeoIP {
		data, err := os.ReadFile(path) // not mapped: who copies a new one over it would end the process
		if err != nil {
			return nil, fmt.Errorf("anomalies.geoip: %w", err)
		}
		db, err := maxminddb.OpenBytes(data)
		if err != nil {
			return nil, fmt.Errorf("anomalies.geoip: open %s: %w", path, err)
		}
		p.list = append(p.list, db)
	}
	opt.Place = p.of
	return opt, nil
}

// places are databases of where addresses are, in memory. A reload reads others.
type places struct{ list []*maxminddb.Reader }

// placeRecord is what the databases of MaxMind and those made like them say (GeoLite2, GeoIP2, DB-IP).
type placeRecord struct {
	Country struct {
		ISOCode string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Number       uint64 `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

// of says where an address is, as far as any of the databases knows.
func (p *places) of(a netip.Addr) sense.Place {
	var place sense.Place
	for _, db := range p.list {
		var r placeRecord
		if err := db.Lookup(a).Decode(&r); err != nil {
			continue // what is damaged there says nothing
		}
		if r.Country.ISOCode != "" {
			place.Country = r.Country.ISOCode
		}
		if r.Number != 0 {
			place.Network = "AS" + strconv.FormatUint(r.Number, 10) + " " + r.Organization
		}
	}
	return place
}

// How much of what is kept the detectors learn from: the last days, and of each hour so many events at most.
const (
	learnDays   = 30
	learnEvents = 200_000
	learnTime   = 10 * time.Minute
)

// learner returns what gives detectors the history of a store: see live.Options.Learn.
func learner(s eventStore) func(context.Context, time.Time, uint64, func([]sight.Sighting)) (int64, error) {
	return func(ctx context.Context, before time.Time, through uint64, give func([]sight.Sighting)) (int64, error) {
		l := &learning{store: s, rows: sight.NewRows(), through: through}
		end := before.Add(learnTime)
		from := before.Add(-learnDays * 24 * time.Hour).Truncate(time.Hour)
		for ; from.Before(before); from = from.Add(time.Hour) {
			until := from.Add(time.Hour)
			if until.After(before) {
				until = before
			}
			if err := l.hour(ctx, from, until); err != nil {
				return l.events, err
			}
			if list := l.take(); len(list) > 0 {
				give(list)
			}
			if now := time.Now(); now.After(end) && from.Before(before.Add(-48*time.Hour)) {
				from = before.Add(-48 * time.Hour).Truncate(time.Hour) // the last days matter most
			}
		}
		return l.events, nil
	}
}

// learning reads what is kept, an hour at a time.
type learning struct {
	store   eventStore
	rows    *sight.Rows
	through uint64 // the last frame that is learnt from
	events  int64
	list    []sight.Sighting
}

// errEnough ends an hour of which enough was read.
var errEnough = fmt.Errorf("enough was read")

func (l *learning) hour(ctx context.Context, from, until time.Time) error {
	n := 0
	err := l.store.Query(ctx, &query.Query{Since: from.UnixNano(), Until: until.UnixNano()}, func(b *store.Block) error {
		at := slices.Index(b.Names, store.Time)
		if at < 0 {
			return nil
		}
		id := slices.Index(b.Names, store.ID)
		dataset, path := slices.Index(b.Names, "dataset"), slices.Index(b.Names, "log.file.path")
		for r := range b.Rows {
			t, err := time.Parse(time.RFC3339Nano, b.Columns[at][r])
			if err != nil || id >= 0 && after(b.Columns[id][r], l.through) {
				continue
			}
			n++
			cell := func(c int) string {
				if c < 0 {
					return ""
				}
				return b.Columns[c][r]
			}
			l.rows.Add(cell(dataset), cell(path), t.UnixNano(), b.Names, cell)
		}
		l.list = append(l.list, l.rows.Take()...)
		if n >= learnEvents {
			return errEnough
		}
		return nil
	})
	l.events += int64(n)
	if err == errEnough {
		return nil
	}
	return err
}

// after tells whether a row came after a frame.
func after(id string, seq uint64) bool {
	at, _, ok := store.PlaceOf(id)
	return ok && at > seq
}

// take returns what was made of the last hour, in the order of time.
func (l *learning) take() []sight.Sighting {
	list := l.list
	l.list = nil
	slices.SortStableFunc(list, func(a, b sight.Sighting) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return list
}
