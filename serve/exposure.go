package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
)

// exposing looks for what leaves this machine, or the watch over it, open.
type exposing struct {
	*ruling
	list []console.Risk
}

// exposure lists the risks that are known.
func (r *ruling) exposure(ctx context.Context, tenant string) ([]console.Risk, error) {
	x := &exposing{ruling: r}
	x.ports()
	x.certificates(time.Now())
	x.upkeep()
	for _, look := range [...]func(context.Context, string) error{x.logs, x.sources, x.users, x.firewall, x.told, x.backups} {
		if err := look(ctx, tenant); err != nil {
			return nil, err
		}
	}
	return x.list, nil
}

// add notes a risk; what of it tells it from others makes its id.
func (x *exposing) add(of string, r console.Risk) {
	sum := sha256.Sum256([]byte(r.Kind + "\x00" + of))
	r.ID = hex.EncodeToString(sum[:8])
	x.list = append(x.list, r)
}

// certificates looks at those that tocsin shows to others.
func (x *exposing) certificates(now time.Time) {
	type shown struct{ what, file string }
	var files []shown
	x.serve.mu.Lock()
	set := x.settings
	x.serve.mu.Unlock()
	for _, t := range x.tenants {
		for _, in := range t.site.Inputs.Syslog {
			files = append(files, shown{"syslog " + in.Listen, in.Cert})
		}
		for _, in := range t.site.Inputs.HTTP {
			files = append(files, shown{"HTTP intake " + cmp.Or(in.Listen, source.HTTPConfig{}.Listen), in.Cert})
		}
	}
	if set.Console.Cert != "" {
		files = append(files, shown{"console", set.Console.Cert})
	}
	for _, f := range files {
		if f.file == "" {
			continue
		}
		leaf, err := leafOf(f.file)
		if err != nil {
			x.add(f.file, console.Risk{Kind: "certificate", Severity: "high", Title: "The certificate of " + f.what + " cannot be read", Why: err.Error(), Todo: "Put a certificate in PEM there.", Where: f.file})
			continue
		}
		x.certificate(f.what, f.file, leaf, now)
	}
	if x.front != nil && x.front.certs != nil && set.Console.Cert == "" {
		x.front.certs.mu.Lock()
		pair := x.front.certs.pair
		x.front.certs.mu.Unlock()
		if pair != nil && pair.Leaf != nil {
			x.add("console signs itself", console.Risk{
				Kind: "certificate", Severity: "low", Title: "The console's certificate signs itself", Ends: pair.Leaf.NotAfter.UTC(), Where: x.front.plan.Address,
				Why: "Browsers warn of it, so people learn to click warnings away.", Todo: "Name a certificate of your own: console.cert and console.key in tocsin.yml. This one is renewed by itself.",
			})
		}
	}
}

// certificate judges when a certificate ends.
func (x *exposing) certificate(what, file string, leaf *x509.Certificate, now time.Time) {
	left := leaf.NotAfter.Sub(now)
	r := console.Risk{
		Kind: "certificate", Severity: "informational", Title: "The certificate of " + what + " is good until " + leaf.NotAfter.UTC().Format(time.DateOnly),
		Why: "It is in order.", Todo: "Nothing.", Where: file, Ends: leaf.NotAfter.UTC(),
	}
	const day = 24 * time.Hour
	switch {
	case left <= 0:
		r.Severity, r.Title = "critical", "The certificate of "+what+" has ended on "+leaf.NotAfter.UTC().Format(time.DateOnly)
	case left < 7*day:
		r.Severity = "high"
	case left < 30*day:
		r.Severity = "medium"
	}
	if left < 30*day {
		r.Why, r.Todo = "Who sends to it, or opens it, will refuse it.", "Renew it; tocsin reads the file again by itself."
	}
	x.add(file, r)
}

// leafOf reads the first certificate of a file in PEM.
func leafOf(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, fmt.Errorf("%s holds no certificate", file)
}

// upkeep looks at what the system says of itself.
func (x *exposing) upkeep() {
	for _, f := range [...]string{"/run/reboot-required", "/var/run/reboot-required"} {
		if info, err := os.Stat(f); err == nil {
			x.add("reboot", console.Risk{
				Kind: "update", Severity: "medium", Title: "This machine waits for a restart to finish updates", Where: f,
				Why: "What was updated still runs as it was, since " + info.ModTime().UTC().Format(time.DateOnly) + ".", Todo: "Restart it when nobody needs it.",
			})
			return
		}
	}
}

// logs looks for rules that cannot hit.
func (x *exposing) logs(ctx context.Context, tenant string) error {
	list, err := x.ruling.list(ctx, tenant)
	if err != nil {
		return err
	}
	blind, on := make(map[string]int), 0
	for i := range list {
		if !list[i].Enabled {
			continue
		}
		on++
		if list[i].Never != "" {
			blind[cmp.Or(list[i].LogSource.Product, list[i].LogSource.Category, list[i].LogSource.Service, "other")]++
		}
	}
	for product, n := range blind {
		severity := "low"
		if product == "linux" || product == "windows" {
			severity = "medium"
		}
		x.add(product, console.Risk{
			Kind: "logs", Severity: severity, Title: fmt.Sprintf("%d of %d rules see nothing: logs of %s are missing", n, on, product),
			Why:  fmt.Sprintf("Nothing of their log sources has come in for %d days: what they look for would not be found.", blindDays),
			Todo: "Send these logs here, if you have such machines; else accept it. The coverage page shows which techniques it concerns.",
		})
	}
	return nil
}

// sources looks for those that say nothing, and whose clocks are wrong.
func (x *exposing) sources(_ context.Context, tenant string) error {
	for _, t := range x.tenants {
		if t.name != tenant || t.line == nil {
			continue
		}
		for _, s := range t.line.Sources() {
			name := strings.TrimSpace(s.Path + " " + s.Sender)
			if s.Silent {
				x.add("silent "+name, console.Risk{
					Kind: "source", Severity: "medium", Title: name + " says nothing since " + s.Last.Format("2006-01-02 15:04 UTC"), Where: name,
					Why: "Who breaks in silences the logs first; a broken disk does, too.", Todo: "Look whether the machine runs, and its logs are still sent.",
				})
			}
			if s.Wrong {
				x.add("clock "+name, console.Risk{
					Kind: "source", Severity: "low", Title: fmt.Sprintf("The clock of %s is wrong by %s", name, time.Duration(s.Off*float64(time.Second)).Round(time.Second)), Where: name,
					Why: "Its events stand at the wrong place of every timeline.", Todo: "Let the machine take its time from a server (NTP).",
				})
			}
		}
	}
	return nil
}

// users looks for those who come in with a password alone.
func (x *exposing) users(ctx context.Context, _ string) error {
	if x.doors == nil || x.doors.Gate == nil {
		return nil
	}
	list, err := x.doors.Users(ctx, identity.System(console.Actor(ctx)))
	var none *identity.Denied
	if errors.As(err, &none) { // there is nobody yet
		return nil
	}
	if err != nil {
		return err
	}
	for _, u := range list {
		if u.Disabled || len(u.MFA) > 0 || u.Source != "local" {
			continue
		}
		severity := "low"
		for _, role := range u.Roles {
			switch {
			case role == identity.Administrator:
				severity = "high"
			case role == identity.Responder && severity == "low":
				severity = "medium"
			}
		}
		x.add(u.Name, console.Risk{
			Kind: "user", Severity: severity, Title: u.Name + " comes in with a password alone", Where: u.Name,
			Why: "A password can be guessed, or asked for by a page that looks like this one.", Todo: "Let " + u.Name + " add a passkey or a code (settings, security).",
		})
	}
	return nil
}

// firewall looks whether anything says who may reach this host.
func (x *exposing) firewall(ctx context.Context, tenant string) error {
	if x.response == nil || tenant != settings.MainTenant {
		return nil
	}
	p, err := x.response.Policies(ctx)
	if err != nil {
		return err
	}
	if p.Policy == nil && p.Trial == nil {
		x.add("policy", console.Risk{
			Kind: "firewall", Severity: "medium", Title: "No policy of tocsin's firewall is in force",
			Why: "What listens on this machine is reached by whoever can route to it, unless another firewall forbids it.", Todo: "Write one below firewall in tocsin.yml, and try it: tocsin firewall plan, then apply. Or accept this, if another firewall does it.",
		})
	}
	return nil
}

// told looks whether anybody is told of incidents.
func (x *exposing) told(context.Context, string) error {
	x.serve.mu.Lock()
	set := x.settings
	x.serve.mu.Unlock()
	d, err := notify.Compile(set.Notifying(), settings.NotifyEnv(x.Version, x.log))
	if err != nil {
		return err
	}
	for _, line := range settings.GapLines(set, d) {
		severity := "medium"
		if len(d.Routes) == 0 {
			severity = "high"
		}
		x.add(line, console.Risk{Kind: "notify", Severity: severity, Title: strings.ToUpper(line[:1]) + line[1:], Why: "An attack at night is found in the morning.", Todo: "Name ways and routes below notify in tocsin.yml, and try them in the settings."})
	}
	return nil
}

// backupEvery is how old the last backup may be.
const backupEvery = 7 * 24 * time.Hour

// backups looks when all was copied last.
func (x *exposing) backups(ctx context.Context, name string) error {
	at := slices.IndexFunc(x.tenants, func(t *tenant) bool { return t.name == name })
	if at < 0 {
		return nil
	}
	last := int64(0)
	for e, err := range x.tenants[at].state.ListAudit(ctx, state.AuditFilter{Action: "backup", Newest: true, Limit: 1}) {
		if err != nil {
			return err
		}
		last = e.Time
	}
	if time.Since(time.Unix(0, last)) < backupEvery {
		return nil
	}
	title := "There is no backup"
	if last > 0 {
		title = "The last backup is of " + alert.When(last).Format(time.DateOnly)
	}
	x.add("backup", console.Risk{
		Kind: "backup", Severity: "medium", Title: title, Why: "What tocsin has kept, and what people have decided, is on one disk.",
		Todo: "Let tocsin backup run each night, to another machine.",
	})
	return nil
}
