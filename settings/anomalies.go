package settings

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/tocsin-sec/tocsin/sense"
)

// Anomalies say how what is out of the ordinary is told.
type Anomalies struct {
	Budget int      `yaml:"budget" doc:"How many novelties (new hosts, networks, countries, programs) are told in a day at most, the strangest first; -1 for none." default:"10"`
	Off    []string `yaml:"off" doc:"Kinds of findings that are not told, as event.action of the rules of the folder anomaly calls them; all switches them off, but for indicators." example:"[new-host, beacon]"`
	GeoIP  []string `yaml:"geoip" path:"true" doc:"MaxMind databases of countries, cities or networks (.mmdb), for the countries that users log on from. They are read at the start and at a reload." example:"[/var/lib/GeoIP/GeoLite2-Country.mmdb, /var/lib/GeoIP/GeoLite2-ASN.mmdb]"`
}

// Senses returns what the detectors are to be like.
func (s *Anomalies) Senses(endless bool) (*sense.Options, error) {
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
