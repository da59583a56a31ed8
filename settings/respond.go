package settings

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/respond"
)

// Respond say what tocsin may change in the world.
type Respond struct {
	Guard      respond.Guard              `yaml:"guard" doc:"What must not happen, whoever asks."`
	User       string                     `yaml:"user" doc:"The user that serve becomes when root starts it. A second process keeps the few rights that actions need, and understands a few verbs only; the first may then write to its own folder alone." example:"tocsin"`
	Helper     string                     `yaml:"helper" doc:"The socket of tocsin rights, where that runs as a unit of its own." example:"/run/tocsin/rights.sock"`
	Writable   []string                   `yaml:"writable" doc:"Further folders that serve may write to when it has become another user, for instance for backups." example:"[/var/backups/tocsin]"`
	Kinds      []string                   `yaml:"kinds" doc:"The kinds of actions that may be done. Without it, all." example:"[block, end-session]"`
	Quarantine string                     `yaml:"quarantine" path:"true" doc:"The folder into which files are moved." default:"quarantine in the data folder"`
	Programs   map[string]respond.Program `yaml:"programs" doc:"Programs of your own, by name."`
	Webhooks   map[string]respond.Webhook `yaml:"webhooks" doc:"Places that are told over HTTP, by name."`
	Playbooks  []string                   `yaml:"playbooks" path:"true" doc:"Files of playbooks, beside those that tocsin brings." example:"[playbooks/vpn.yml]"`
	Modes      map[string]string          `yaml:"modes" doc:"The modes of playbooks, by name: watch, ask, auto or off." example:"{password-guessing: ask}"`
	Flows      bool                       `yaml:"connections" doc:"Connections that end on this host, or through it, become events, where the kernel tracks them (a policy of the firewall makes it)."`
	Lists      Lists                      `yaml:"lists" doc:"Blocks for other firewalls."`
	Directory  respond.LDAP               `yaml:"directory" doc:"The LDAP or Active Directory in which accounts are locked."`
}

// checkRespond looks for mistakes of meaning.
func (s *File) checkRespond(doc *config.Document) {
	if err := s.Respond.Guard.Check(); err != nil {
		doc.Fail("respond.guard", "", "%v", err)
	}
	for name, p := range s.Respond.Programs {
		if err := p.Check(); err != nil {
			doc.Fail("respond.programs."+name, "", "%v", err)
		}
	}
	for name, w := range s.Respond.Webhooks {
		if err := w.Check(); err != nil {
			doc.Fail("respond.webhooks."+name, "", "%v", err)
		}
	}
	if s.Respond.Directory.URL != "" {
		if err := s.Respond.Directory.Check(); err != nil {
			doc.Fail("respond.directory", "", "%v", err)
		}
	}
	s.Respond.Lists.check(doc)
	if _, err := s.Respond.ReadPlaybooks(); err != nil {
		doc.Fail("respond.playbooks", "", "%v", err)
	}
	for _, k := range s.Respond.Kinds {
		if _, err := respond.KindOf(k); err != nil {
			doc.Fail("respond.kinds", "", "%v", err)
		}
	}
	if err := s.Policy.Check(); err != nil {
		doc.Fail("firewall", "", "%v", err)
	}
}

// Lists say to whom blocks are handed out.
type Lists struct {
	Listen string            `yaml:"listen" doc:"Where other firewalls ask: CrowdSec's bouncers (/v1/decisions), and whatever reads a list by URL (/blocklist.txt)." example:"127.0.0.1:8085"`
	Cert   string            `yaml:"cert" path:"true" doc:"The certificate for TLS; without it, listen on the loopback only."`
	Key    string            `yaml:"key" path:"true" doc:"The key of the certificate."`
	Keys   map[string]secret `yaml:"keys" doc:"The key that each of them shows, by its name." example:"{nginx: {key: 'file:/etc/tocsin/nginx.key'}}"`
	Sign   string            `yaml:"sign" secret:"true" doc:"The seed of the Ed25519 key that signs the list: 32 bytes in base64." example:"file:/etc/tocsin/list.seed"`
	File   string            `yaml:"file" path:"true" doc:"A file that the list is written to, too."`

	Aliases map[string]respond.AliasConfig `yaml:"aliases" doc:"Aliases of OPNsense and pfSense that are kept equal to the list, by names of your own."`
}

// secret is where a secret is.
type secret struct {
	Key string `yaml:"key" secret:"true" doc:"The key." example:"file:/etc/tocsin/nginx.key"`
}

// check looks for mistakes.
func (l *Lists) check(doc *config.Document) {
	for name, a := range l.Aliases {
		if err := a.Check(); err != nil {
			doc.Fail("respond.lists.aliases."+name, "", "%v", err)
		}
	}
	if l.Listen == "" {
		return
	}
	host, _, err := net.SplitHostPort(l.Listen)
	if err != nil {
		doc.Fail("respond.lists.listen", "", "%v", err)
	}
	if ip := net.ParseIP(host); l.Cert == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		doc.Fail("respond.lists.listen", "name a certificate and its key", "without TLS only the loopback may be listened on")
	}
}

// ReadPlaybooks are those of tocsin and of the settings, in the modes that the settings say.
func (s *Respond) ReadPlaybooks() ([]respond.Playbook, error) {
	list, err := respond.BuiltinPlaybooks()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, path := range s.Playbooks {
		data, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("playbook: %w", err))
			continue
		}
		p, err := respond.ReadPlaybook(path, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = slices.DeleteFunc(list, func(o respond.Playbook) bool { return o.Name == p.Name }) // one of your own stands above
		list = append(list, *p)
	}
	for name, mode := range s.Modes {
		i := slices.IndexFunc(list, func(p respond.Playbook) bool { return p.Name == name })
		switch {
		case i < 0:
			errs = append(errs, fmt.Errorf("modes: there is no playbook %s", name))
		case mode != respond.ModeWatch && mode != respond.ModeAsk && mode != respond.ModeAuto && mode != "off":
			errs = append(errs, fmt.Errorf("modes: %s: must be watch, ask, auto or off", name))
		case mode == "off":
			list = slices.Delete(list, i, i+1)
		default:
			list[i].Mode = mode
		}
	}
	return list, errors.Join(errs...)
}
