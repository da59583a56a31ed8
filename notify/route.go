package notify

import (
	"strings"
	"time"
)

// RouteConfig says who is told of what, and how often.
type RouteConfig struct {
	Name       string             `yaml:"name" doc:"Its name, for people and for tocsin notify test." default:"its number"`
	To         []string           `yaml:"to" doc:"Who is told: ways, people, rosters (who is on duty); ROSTER+1 is who comes next on it."`
	Level      string             `yaml:"level" doc:"Incidents of this level and above: informational, low, medium, high, critical." default:"medium"`
	Below      string             `yaml:"below" doc:"Incidents below this level only."`
	Tenants    []string           `yaml:"tenants" doc:"Of these tenants only; * and ? stand for any characters."`
	Entities   []string           `yaml:"entities" doc:"About these users, hosts or addresses only; * and ? stand for any characters."`
	Rules      []string           `yaml:"rules" doc:"Of these rules only, by id or title; * and ? stand for any characters."`
	Tags       []string           `yaml:"tags" doc:"Of rules with these tags only, such as attack.t1110; * and ? stand for any characters."`
	Background bool               `yaml:"background" doc:"Also of what is tried at everybody all day long, which otherwise stands in the daily mail alone."`
	Hours      []string           `yaml:"hours" doc:"When the route is in force; outside of it the next route that fits is." example:"[Mon-Fri 08:00-18:00]"`
	Quiet      []string           `yaml:"quiet" doc:"When all but the critical is held back until the quiet is over." example:"['22:00-07:00']"`
	Zone       string             `yaml:"zone" doc:"The time zone of hours and quiet." default:"that of the machine"`
	Group      string             `yaml:"group" doc:"What is told in one message: incident (each in its own), level, tenant, or route (all in one)." default:"incident"`
	Wait       time.Duration      `yaml:"group_wait" doc:"How long a new incident waits for what belongs to it, and for others of its group; -1s is not at all." default:"0s for critical, and for high that one rule alone finds; 8s for high that several find; 10s below"`
	Interval   time.Duration      `yaml:"group_interval" doc:"How long after a message of a group new incidents of it wait for the next; what has become graver does not wait." default:"5m"`
	RepeatWait time.Duration      `yaml:"repeat_interval" doc:"After how long what nobody has taken is told again; -1s is never." default:"4h"`
	Resolve    string             `yaml:"resolve" doc:"Whether it is told that an incident was closed: yes or no." default:"yes"`
	Escalate   []EscalationConfig `yaml:"escalate" doc:"Who is told beside, when nobody takes it; it ends when somebody takes, puts off or closes it."`
	Continue   bool               `yaml:"continue" doc:"The routes after it that fit tell it, too; otherwise the first one that fits is the only one."`
}

// EscalationConfig is one step of an escalation.
type EscalationConfig struct {
	After time.Duration `yaml:"after" doc:"After the first message."`
	To    []string      `yaml:"to" doc:"Who is told, as in to."`
}

// Route says who is told of what. Make one by Compile.
type Route struct {
	Name string

	to                            []recipient
	level, below                  int
	tenants, entities, rules, tag []string
	background                    bool
	hours, quiet                  hours
	group                         string
	wait, interval, repeat        time.Duration
	resolve, goOn                 bool
	escalate                      []step
	zone                          *time.Location
}

type step struct {
	after time.Duration
	to    []recipient
}

// What a route puts into one message.
const (
	groupIncident = "incident"
	groupLevel    = "level"
	groupTenant   = "tenant"
	groupRoute    = "route"
)

// Zero values of a route.
const (
	defaultWait     = 10 * time.Second // of what is neither high nor critical: it may become so, and then one message is enough
	gatherWait      = 8 * time.Second  // of what several rules have found: correlations say what they find some seconds after single rules
	defaultInterval = 5 * time.Minute
	defaultRepeat   = 4 * time.Hour
)

// refuses says why an incident is not for the route whatever the time; "" where it is.
func (r *Route) refuses(is *Incident) string {
	switch {
	case is.Level < r.level || is.Level >= r.below:
		return "its level is not one of the route's"
	case is.Background && !r.background:
		return "it is tried at everybody, and the route tells no such thing"
	case !fits(r.tenants, is.Tenant):
		return "its tenant is not one of the route's"
	case !fitsAny(r.rules, is.Rules):
		return "none of its rules is one of the route's"
	case !fitsAny(r.tag, is.Tags):
		return "none of its tags is one of the route's"
	}
	if len(r.entities) == 0 {
		return ""
	}
	for _, e := range is.Entities {
		if fits(r.entities, e.Name) {
			return ""
		}
	}
	return "it is about nobody and nothing that the route names"
}

// waitFor is how long a new incident waits. Where the route does not say, what one rule alone finds to be high is told at
// once; but where several rules have found it within moments, more is on its way, such as the login that came before what
// was done: the message waits for that.
func (r *Route) waitFor(is *Incident) time.Duration {
	switch {
	case r.wait != 0 || is.Level >= Critical:
		return max(r.wait, 0)
	case is.Level < High:
		return defaultWait
	case len(is.Rules) > 2: // the id and the title of each
		return gatherWait
	}
	return 0
}

// narrow tells whether the route looks at more than level, tenant and hours.
func (r *Route) narrow() bool { return len(r.entities)+len(r.rules)+len(r.tag) > 0 }

// quietUntil returns when the quiet that a level is held back by is over; zero where there is none.
func (r *Route) quietUntil(now time.Time, level int) time.Time {
	if level >= Critical || len(r.quiet.spans) == 0 {
		return time.Time{}
	}
	within, change := r.quiet.at(now)
	if !within {
		return time.Time{}
	}
	return change
}

// groupOf is the group of an incident's message.
func (r *Route) groupOf(is *Incident) string {
	switch r.group {
	case groupLevel:
		return r.Name + "/level/" + LevelName(is.Level)
	case groupTenant:
		return r.Name + "/tenant/" + is.Tenant
	case groupRoute:
		return r.Name + "/route"
	}
	return r.Name + "/incident/" + is.Key
}

// clock writes a time for people, in the route's zone.
func (r *Route) clock(t time.Time) string {
	if t.IsZero() {
		return "further notice"
	}
	zone := r.zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2006-01-02 15:04")
}

func fits(patterns []string, s string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		if wild(strings.ToLower(p), strings.ToLower(s)) {
			return true
		}
	}
	return false
}

func fitsAny(patterns, list []string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, s := range list {
		if fits(patterns, s) {
			return true
		}
	}
	return false
}

// wild compares a text with a pattern in which * stands for any characters and ? for one. It takes time in proportion to
// the product of their lengths at most.
func wild(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
