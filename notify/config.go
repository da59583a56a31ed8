package notify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config says who is told, how, and of what. Without a route nobody is told anything.
type Config struct {
	Link    string                  `yaml:"link" doc:"The address at which a person finds an incident, {key} in it for the incident's key, and {tenant} for the tenant. Without it, the console's (console.origin)." example:"https://tocsin.example.com/queue/{key}"`
	Ways    map[string]WayConfig    `yaml:"ways" doc:"Ways of telling, by names of your own; each is of one kind: discord, jira, mail, mattermost, ntfy, opsgenie, pagerduty, slack, syslog, teams, webhook."`
	People  map[string]PersonConfig `yaml:"people" doc:"People, by name, and the ways by which each is told."`
	Rosters map[string]RosterConfig `yaml:"rosters" doc:"Who is on duty when, by the roster's name."`
	Routes  []RouteConfig           `yaml:"routes" doc:"Who is told of what; the first route that fits an incident tells it."`
	Digest  DigestConfig            `yaml:"digest" doc:"The daily mail: the five things to look at, what was blocked, what is silent; or that all was quiet."`
	GiveUp  time.Duration           `yaml:"give_up" doc:"How long a message that cannot be delivered is tried again." default:"3d"`
}

// PersonConfig is a person.
type PersonConfig struct {
	Ways []string `yaml:"ways" doc:"The ways by which the person is told, all of them."`
}

// WayConfig is a way of telling: one of the kinds, and what all have.
type WayConfig struct {
	Discord    *DiscordConfig    `yaml:"discord" doc:"A channel of Discord, by its webhook."`
	Jira       *JiraConfig       `yaml:"jira" doc:"Issues in Jira, Cloud or Data Center."`
	Mail       *MailConfig       `yaml:"mail" doc:"E-mail, by SMTP."`
	Mattermost *MattermostConfig `yaml:"mattermost" doc:"A channel of Mattermost, by its incoming webhook."`
	Ntfy       *NtfyConfig       `yaml:"ntfy" doc:"A topic of ntfy."`
	Opsgenie   *OpsgenieConfig   `yaml:"opsgenie" doc:"Alerts in Opsgenie, or in Jira Service Management by its address."`
	PagerDuty  *PagerDutyConfig  `yaml:"pagerduty" doc:"Incidents in PagerDuty, by the Events API v2."`
	Slack      *SlackConfig      `yaml:"slack" doc:"A channel of Slack, by its incoming webhook."`
	Syslog     *SyslogConfig     `yaml:"syslog" doc:"Syslog (RFC 5424) to a SIEM, as CEF, LEEF or JSON."`
	Teams      *TeamsConfig      `yaml:"teams" doc:"A channel of Microsoft Teams, by the webhook of a workflow."`
	Webhook    *WebhookConfig    `yaml:"webhook" doc:"Any HTTP server, with a body of your own."`

	Max     int           `yaml:"max" doc:"The most messages in per; what is more is folded into one message, the gravest first." default:"20"`
	Per     time.Duration `yaml:"per" doc:"The time that max is for." default:"10m"`
	Timeout time.Duration `yaml:"timeout" doc:"How long one attempt to send may take." default:"30s"`
}

// Zero values of a way.
const (
	defaultMax     = 20
	defaultPer     = 10 * time.Minute
	defaultTimeout = 30 * time.Second
	defaultGiveUp  = 72 * time.Hour
)

// kind returns the one kind that is configured: its key and configuration. It is an error if there is none, or several.
func (c WayConfig) kind() (Kind, any, error) {
	var found []string
	var kind Kind
	var config any
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Pointer || v.Field(i).IsNil() {
			continue
		}
		key := v.Type().Field(i).Tag.Get("yaml")
		found = append(found, key)
		at := slices.IndexFunc(Ways, func(k Kind) bool { return k.Name == key })
		kind, config = Ways[at], v.Field(i).Interface()
	}
	switch len(found) {
	case 0:
		var names []string
		for _, k := range Ways {
			names = append(names, k.Name)
		}
		return kind, nil, fmt.Errorf("it has no kind: one of %s", strings.Join(names, ", "))
	case 1:
		return kind, config, nil
	}
	return kind, nil, fmt.Errorf("it is of several kinds: %s", strings.Join(found, ", "))
}

// opener is what the configuration of every kind of way is.
type opener interface{ open(env Env) (Sender, error) }

// Way is a way of telling that is configured.
type Way struct {
	Name   string
	Kind   string
	states bool
	sender Sender
	max    int
	per    time.Duration
	limit  time.Duration // of one attempt
}

// Send sends a message by the way, now.
func (w *Way) Send(ctx context.Context, m *Message) (receipt string, err error) {
	return attempt(ctx, w, m)
}

// recipient is one of whom a route tells.
type recipient struct {
	name   string
	ways   []string // of a way or a person
	roster *roster
	ahead  int
}

// Directory is a configuration that is without mistakes: who is told of what, and by which ways. It does not change.
type Directory struct {
	ways   map[string]*Way
	people map[string][]string
	roster map[string]*roster
	Routes []*Route
	digest *digest
	link   string
	giveUp time.Duration
}

// Way returns a way by its name; nil where there is none.
func (d *Directory) Way(name string) *Way { return d.ways[name] }

// WayNames are the names of all ways, in order.
func (d *Directory) WayNames() []string { return slices.Sorted(maps.Keys(d.ways)) }

// Mistake is a mistake in a configuration, and where it stands: "routes[0].to".
type Mistake struct{ Path, Text, Hint string }

// Mistakes are all mistakes of a configuration.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, x := range m {
		lines[i] = "notify." + x.Path + ": " + x.Text + ifAny("; ", x.Hint)
	}
	return strings.Join(lines, "\n")
}

// compiler gathers mistakes.
type compiler struct {
	env      Env
	d        *Directory
	mistakes Mistakes
}

func (c *compiler) fail(path, format string, args ...any) {
	c.mistakes = append(c.mistakes, Mistake{Path: path, Text: fmt.Sprintf(format, args...)})
}

// Compile makes a directory of a configuration. The error is Mistakes, all of them. Secrets are read now; nothing is
// connected to.
func Compile(cfg *Config, env Env) (*Directory, error) {
	c := &compiler{env: env, d: &Directory{
		ways: make(map[string]*Way), people: make(map[string][]string), roster: make(map[string]*roster),
		link: cfg.Link, giveUp: cmp.Or(cfg.GiveUp, defaultGiveUp),
	}}
	if u, err := url.Parse(strings.ReplaceAll(cfg.Link, "{key}", "key")); err != nil || cfg.Link != "" && (u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		c.fail("link", "it is no address of a web page: https://host/…")
	}
	if cfg.GiveUp != 0 && (cfg.GiveUp < time.Minute || cfg.GiveUp > 30*24*time.Hour) {
		c.fail("give_up", "from a minute to 30 days")
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Ways)) {
		c.way(name, cfg.Ways[name])
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.People)) {
		c.person(name, cfg.People[name])
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Rosters)) {
		c.roster(name, cfg.Rosters[name])
	}
	names := make(map[string]bool)
	for i, r := range cfg.Routes {
		c.route(i, r, names)
	}
	c.digest(cfg.Digest)
	if len(c.mistakes) > 0 {
		return nil, c.mistakes
	}
	return c.d, nil
}

// plainName is compiled when it is asked for: it is large.
var plainName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\pL\pN_][\pL\pN_.@ -]{0,63}$`) })

func (c *compiler) name(path, name string) {
	if !plainName().MatchString(name) {
		c.fail(path, "%q is no name: letters, digits, and _ . @ - in it", name)
	}
}

func (c *compiler) way(name string, w WayConfig) {
	path := "ways." + name
	c.name(path, name)
	kind, config, err := w.kind()
	if err != nil {
		c.fail(path, "%v", err)
		return
	}
	if w.Max < 0 || w.Max > 10_000 || w.Per < 0 || w.Per > 24*time.Hour {
		c.fail(path+".max", "from 1 to 10000 messages, in at most a day")
	}
	if w.Timeout < 0 || w.Timeout > 10*time.Minute {
		c.fail(path+".timeout", "ten minutes at most")
	}
	sender, err := config.(opener).open(c.env)
	if err != nil {
		c.fail(path+"."+kind.Name, "%v", err)
		return
	}
	c.d.ways[name] = &Way{
		Name: name, Kind: kind.Name, states: kind.States, sender: sender,
		max: cmp.Or(w.Max, defaultMax), per: cmp.Or(w.Per, defaultPer), limit: cmp.Or(w.Timeout, defaultTimeout),
	}
}

func (c *compiler) person(name string, p PersonConfig) {
	path := "people." + name
	c.name(path, name)
	if c.d.ways[name] != nil {
		c.fail(path, "a way has the same name")
	}
	if len(p.Ways) == 0 {
		c.fail(path, "there is no way to tell %s", name)
	}
	for i, w := range p.Ways {
		if c.d.ways[w] == nil && !c.isBroken(w) {
			c.fail(fmt.Sprintf("%s.ways[%d]", path, i), "there is no way %q", w)
		}
	}
	c.d.people[name] = p.Ways
}

// isBroken tells whether a way is there, but has a mistake that was told.
func (c *compiler) isBroken(way string) bool {
	return slices.ContainsFunc(c.mistakes, func(m Mistake) bool {
		return m.Path == "ways."+way || strings.HasPrefix(m.Path, "ways."+way+".")
	})
}

func (c *compiler) roster(name string, rc RosterConfig) {
	path := "rosters." + name
	c.name(path, name)
	if c.d.ways[name] != nil || c.d.people[name] != nil {
		c.fail(path, "a way or a person has the same name")
	}
	r := compileRoster(name, rc, func(key, format string, args ...any) { c.fail(path+"."+key, format, args...) })
	known := func(key, who string) {
		if c.d.people[who] == nil && c.d.ways[who] == nil && !c.isBroken(who) {
			c.fail(path+"."+key, "there is no person and no way %q", who)
		}
	}
	for i, m := range r.members {
		known(fmt.Sprintf("members[%d]", i), m)
	}
	for i, o := range r.overrides {
		known(fmt.Sprintf("overrides[%d].who", i), o.who)
	}
	c.d.roster[name] = r
}

// recipients finds those whom names mean.
func (c *compiler) recipients(path string, names []string) []recipient {
	if len(names) == 0 {
		c.fail(path, "it tells nobody")
	}
	var list []recipient
	for i, name := range names {
		who := recipient{name: name}
		base, ahead, later := strings.Cut(name, "+")
		switch {
		case c.d.ways[name] != nil:
			who.ways = []string{name}
		case c.d.people[name] != nil:
			who.ways = c.d.people[name]
		case c.d.roster[base] != nil:
			who.roster = c.d.roster[base]
			if later {
				n, err := strconv.Atoi(ahead)
				if err != nil || n < 1 || n >= max(len(who.roster.members), 2) {
					c.fail(fmt.Sprintf("%s[%d]", path, i), "%q: the roster %s has not so many members", name, base)
				}
				who.ahead = n
			}
		case !c.isBroken(name):
			c.fail(fmt.Sprintf("%s[%d]", path, i), "there is no way, person or roster %q", name)
		}
		list = append(list, who)
	}
	return list
}

func (c *compiler) route(i int, rc RouteConfig, names map[string]bool) {
	path := fmt.Sprintf("routes[%d]", i)
	r := &Route{
		Name: cmp.Or(rc.Name, fmt.Sprintf("route %d", i+1)), level: Medium, below: Critical + 1, group: cmp.Or(rc.Group, groupIncident), zone: time.Local,
		tenants: rc.Tenants, entities: rc.Entities, rules: rc.Rules, tag: rc.Tags, background: rc.Background, goOn: rc.Continue,
		wait: rc.Wait, interval: cmp.Or(rc.Interval, defaultInterval), repeat: max(cmp.Or(rc.RepeatWait, defaultRepeat), 0),
	}
	c.name(path+".name", r.Name)
	if names[r.Name] {
		c.fail(path+".name", "another route has the name %q", r.Name)
	}
	names[r.Name] = true
	r.to = c.recipients(path+".to", rc.To)
	c.levels(path, rc, r)
	c.times(path, rc, r)
	if !slices.Contains([]string{groupIncident, groupLevel, groupTenant, groupRoute}, r.group) {
		c.fail(path+".group", "%q is no group: incident, level, tenant, route", r.group)
	}
	switch rc.Resolve {
	case "", "yes", "true":
		r.resolve = true
	case "no", "false":
	default:
		c.fail(path+".resolve", "yes or no")
	}
	last := time.Duration(0)
	for k, e := range rc.Escalate {
		at := fmt.Sprintf("%s.escalate[%d]", path, k)
		if e.After <= last {
			c.fail(at+".after", "steps come one after the other, each after a time of its own")
		}
		last = e.After
		r.escalate = append(r.escalate, step{e.After, c.recipients(at+".to", e.To)})
	}
	c.d.Routes = append(c.d.Routes, r)
}

func (c *compiler) levels(path string, rc RouteConfig, r *Route) {
	var err error
	if rc.Level != "" {
		if r.level, err = parseLevel(rc.Level); err != nil {
			c.fail(path+".level", "%v", err)
		}
	}
	if rc.Below != "" {
		if r.below, err = parseLevel(rc.Below); err != nil {
			c.fail(path+".below", "%v", err)
		} else if r.below <= r.level {
			c.fail(path+".below", "no level is below %s and not below %s", rc.Below, LevelName(r.level))
		}
	}
}

func (c *compiler) times(path string, rc RouteConfig, r *Route) {
	var err error
	if rc.Zone != "" {
		if r.zone, err = time.LoadLocation(rc.Zone); err != nil {
			c.fail(path+".zone", "%v", err)
			r.zone = time.Local
		}
	}
	if r.hours, err = parseHours(rc.Hours, r.zone); err != nil {
		c.fail(path+".hours", "%v", err)
	}
	if r.quiet, err = parseHours(rc.Quiet, r.zone); err != nil {
		c.fail(path+".quiet", "%v", err)
	}
	if rc.Wait > time.Hour {
		c.fail(path+".group_wait", "an hour at most")
	}
	if rc.Interval < 0 || rc.Interval > 24*time.Hour {
		c.fail(path+".group_interval", "a day at most")
	}
	if rc.RepeatWait > 0 && rc.RepeatWait < time.Minute {
		c.fail(path+".repeat_interval", "a minute at least")
	}
}

// parseLevel reads the name of a level.
func parseLevel(s string) (int, error) {
	if i := slices.Index(levels[:], strings.ToLower(s)); i >= 0 {
		return i, nil
	}
	return Medium, fmt.Errorf("%q is no level: %s", s, strings.Join(levels[:], ", "))
}

// reach returns the ways that recipients mean at a time, each once.
func (d *Directory) reach(now time.Time, to []recipient) []string {
	var list []string
	for _, who := range to {
		ways := who.ways
		if who.roster != nil {
			ways = d.waysOf(who.roster.onDuty(now, who.ahead))
		}
		for _, w := range ways {
			if d.ways[w] != nil && !slices.Contains(list, w) {
				list = append(list, w)
			}
		}
	}
	return list
}

func (d *Directory) waysOf(who string) []string {
	if d.ways[who] != nil {
		return []string{who}
	}
	return d.people[who]
}
