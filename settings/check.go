package settings

import (
	"os/user"
	"regexp"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
)

// Check looks for mistakes of meaning.
func (s *File) Check(doc *config.Document) {
	if _, err := rules.NewChoice(s.Level, "", nil, nil); err != nil {
		doc.Fail("level", "", "%v", err)
	}
	if _, err := rules.NewChoice("", s.Status, nil, nil); err != nil {
		doc.Fail("status", "", "%v", err)
	}
	zone := time.UTC
	if s.Timezone != "" {
		var err error
		if zone, err = query.ParseZone(s.Timezone); err != nil {
			doc.Fail("timezone", "", "%v", err)
			zone = time.UTC
		}
	}
	if s.Jobs < 0 || s.Jobs > 1024 {
		doc.Fail("jobs", "", "%d jobs: must be from 1 to 1024", s.Jobs)
	}
	if s.Memory != 0 && s.Memory < 64 {
		doc.Fail("memory", "", "%d MiB is too little: 64 is the least", s.Memory)
	}
	if s.Group != "" {
		if _, err := user.LookupGroup(s.Group); err != nil {
			doc.Fail("group", "name one that this machine has", "%v", err)
		}
	}
	if err := feeds.Complete(s.Intel); err != nil {
		doc.Fail("intel", "", "%v", err)
	}
	if _, err := LoadRules(&s.RuleKeys); err != nil {
		doc.Fail("rules", "", "%v", err)
	}
	s.checkRespond(doc)
	s.Console.check(doc)
	env := source.Env{Recognise: formats.Recognise, Splitter: formats.Splitter, Zone: zone}
	s.Site.check("", env, doc)
	for name, t := range s.Tenants {
		under := "tenants." + name
		if !TenantName.MatchString(name) || name == MainTenant {
			doc.Fail(under, "", "%q is no name of a tenant: small letters, digits, - and _, and not %s", name, MainTenant)
		}
		t.check(under+".", env, doc)
	}
}

func (s *Site) check(under string, env source.Env, doc *config.Document) {
	checkInputs(s, under, env, doc)
	if s.Retention.Disk != "" {
		if _, _, err := ParseDisk(s.Retention.Disk); err != nil {
			doc.Fail(under+"retention.disk", "", "%v", err)
		}
	}
	if s.Retention.Age != 0 && s.Retention.Age < 24*time.Hour {
		doc.Fail(under+"retention.age", "", "events are kept for whole days: a day is the least")
	}
	for key, url := range map[string]string{"store": s.Store, "state": s.State} {
		if config.HoldsPassword(url) {
			doc.FailSecret(under+key, "write env:NAME or file:/path, and put the URL there")
		}
	}
	if s.Store != "" && !regexp.MustCompile(`^https?://`).MatchString(s.Store) {
		doc.Fail(under+"store", "", "the store must be the URL of a VictoriaLogs server: https://host:9428")
	}
	if s.State != "" && !state.IsPostgres(s.State) && !regexp.MustCompile(`^(env|file):`).MatchString(s.State) {
		doc.Fail(under+"state", "", "the state must be the URL of a PostgreSQL database: postgres://user@host/database")
	}
}
