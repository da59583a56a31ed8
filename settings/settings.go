// Package settings is the configuration file, tocsin.yml: its keys, each with what it is for and what holds without it; where
// the file and the folders are; and what is wrong in it.
//
// Read takes the first file there is and says of every mistake where it stands; File.Check looks for mistakes of meaning, and opens
// nothing but the files that are named. What the keys mean for a room is made here (which rules, whose inputs, where the state
// is), but nothing is opened to work with: that is for who serves or asks. A File belongs to who has read it, and is not
// changed once it is in use.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/source"
)

// Name is the name of the configuration file.
const Name = "tocsin.yml"

// File are the keys of the configuration file. Flags stand above them.
type File struct {
	RuleKeys `yaml:",inline"`

	Data    string       `yaml:"data" path:"true" doc:"The folder in which tocsin keeps everything: events, hits, positions, its socket." default:"/var/lib/tocsin as root, else the user's state folder"`
	Group   string       `yaml:"group" doc:"The group whose members may use the socket, beside the user that tocsin runs as." example:"adm"`
	Memory  int          `yaml:"memory" doc:"The memory that tocsin tries to stay below, in MiB." default:"280"`
	Intel   []feeds.List `yaml:"intel" doc:"Lists of indicators: addresses, networks, names, URLs and hashes that are known to be bad. What meets one becomes an alert; what is new in a list is looked for in the last 30 days at once."`
	Site    `yaml:",inline"`
	Notify  notify.Config   `yaml:"notify" doc:"Who is told of what, and by which ways."`
	Console Console         `yaml:"console" doc:"The console: where it is reached over the network, and who may come in."`
	Respond Respond         `yaml:"respond" doc:"What tocsin may change in the world, and how."`
	Policy  respond.Policy  `yaml:"firewall" doc:"Who may reach what of this host and through it. tocsin firewall plans and applies it; it is not in force before."`
	Tenants map[string]Site `yaml:"tenants" doc:"Further tenants, such as the clients of a consultant: each with inputs, events and hits of its own, in a folder of its own. The keys are as above from inputs on."`
}

// RuleKeys say which rules there are, and how they are read.
type RuleKeys struct {
	Rules        []string            `yaml:"rules" doc:"Places of rules: folders, files, zips, builtin, installed, pack:NAME." default:"builtin, installed" example:"[builtin, installed, ./rules]"`
	Pipelines    []string            `yaml:"pipelines" path:"true" doc:"Processing pipelines (pySigma's YAML) to apply to rules."`
	LogSources   string              `yaml:"logsources" path:"true" doc:"A file that says which events a log source of rules means, beside what is built in."`
	Placeholders map[string][]string `yaml:"placeholders" doc:"What rules mean by %name%." example:"{admins: [anna, ben]}"`
	Exclude      []string            `yaml:"exclude" doc:"Ids or titles of rules to leave out."`
	Level        string              `yaml:"level" doc:"Only rules of this level or above: informational, low, medium, high, critical."`
	Status       string              `yaml:"status" doc:"Only rules of this status or better: deprecated, experimental, test, stable."`
	Timezone     string              `yaml:"timezone" doc:"The time zone of times that state none: Europe/Berlin, local, +02:00." default:"UTC for hunt, local for serve"`
	Anomalies    Anomalies           `yaml:"anomalies" doc:"What is out of the ordinary and no rule describes: novelties, volumes, floods, beacons, tunnels. Rules of the folder anomaly say what becomes of it."`
	Jobs         int                 `yaml:"jobs" doc:"How many blocks of input are worked on at a time." default:"one for each processor"`

	armed string // a folder whose rules stand in for those of other places that have their ids
}

// Site is what belongs to one tenant.
type Site struct {
	Inputs      Inputs        `yaml:"inputs" doc:"Where logs come from. Without this key: what this machine has, and intakes on its loopback."`
	Since       time.Duration `yaml:"since" doc:"How far back to begin at the first start." default:"24h"`
	Lateness    time.Duration `yaml:"lateness" doc:"How much later than its time an event may come and still be counted by correlations in its place; alerts of correlations come so much later." default:"5s"`
	Silence     time.Duration `yaml:"silence" doc:"After how long a source that says nothing is reported." default:"learnt from each source"`
	ClockSkew   time.Duration `yaml:"clock_skew" doc:"How wrong the clock of a source may be before it is reported." default:"10m"`
	Store       string        `yaml:"store" doc:"A VictoriaLogs server or cluster to keep events on, in place of the built-in store." example:"https://logs.example.com:9428"`
	StoreToken  string        `yaml:"store_token" doc:"The bearer token for store." secret:"true" example:"file:/etc/tocsin/store.token"`
	StoreTenant string        `yaml:"store_tenant" doc:"The tenant there whose rows these are: its AccountID and ProjectID." default:"0:0"`
	StoreCA     string        `yaml:"store_ca" path:"true" doc:"A file of certificates that the certificate of store may be signed by, beside the machine's."`
	State       string        `yaml:"state" doc:"A PostgreSQL database for hits and the audit trail, in place of the built-in one; with a password, as env: or file:. TLS is asked for; ?sslmode=verify-full checks the certificate, ?sslmode=disable does without." example:"postgres://tocsin@db.example.com/tocsin"`
	Retention   Retention     `yaml:"retention" doc:"How long events are kept."`
	Assets      []Asset       `yaml:"assets" doc:"What is worth more, or less, than others: incidents about it score so much higher. Takes force at the next start."`
}

// Retention bound what is kept.
type Retention struct {
	Age  time.Duration `yaml:"age" doc:"Events older than this go." default:"365d"`
	Disk string        `yaml:"disk" doc:"The most that events may take of the disk, in percent or bytes; the oldest days go first." default:"50%" example:"100GB"`
	Hits time.Duration `yaml:"hits" doc:"Hits older than this go." default:"1095d"`
}

// Inputs are the live inputs.
type Inputs struct {
	Files   []source.FilesConfig   `yaml:"files" doc:"Files that grow."`
	Journal []source.JournalConfig `yaml:"journal" doc:"The journal of systemd."`
	Syslog  []source.SyslogConfig  `yaml:"syslog" doc:"Syslog over UDP, TCP and TLS."`
	HTTP    []source.HTTPConfig    `yaml:"http" doc:"HTTP: Elasticsearch's bulk API, Splunk's HEC, OTLP, JSON lines."`
	Kafka   []source.KafkaConfig   `yaml:"kafka" doc:"Topics of Kafka."`
	NetFlow []source.NetflowConfig `yaml:"netflow" doc:"NetFlow v5, v9 and IPFIX over UDP."`
}

// Load reads the configuration: the named file, else that in the folder, the user's, the machine's, else none.
// Paths in it are relative to its own folder. The path is "" where there is no file.
func Load(path string) (*File, error) {
	s, _, err := Read(path)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Read does the work of loadSettings, and returns the document for further mistakes; nil where there is no file.
// With mistakes, the settings are what could be read.
// What could be read is returned beside the mistakes.
func Read(path string) (*File, *config.Document, error) {
	s := &File{}
	candidates := []string{path}
	if path == "" {
		candidates = defaultSettings()
	}
	for _, p := range candidates {
		data, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) && path == "" {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the configuration: %w", err)
		}
		doc, err := config.Load(p, data, s)
		s.anchor(filepath.Dir(p))
		return s, doc, err
	}
	return s, nil, nil
}

// defaultSettings returns where the configuration is looked for.
func defaultSettings() []string {
	var list []string
	if dir, err := os.UserConfigDir(); err == nil {
		list = append(list, filepath.Join(dir, "tocsin", Name))
	}
	return append(list, filepath.Join("/etc", "tocsin", Name))
}

// anchor makes the paths relative to a folder: those of fields with the tag path, and of secrets in files.
func (s *File) anchor(dir string) {
	for i, p := range s.Rules {
		if !IsPlaceName(p) && !filepath.IsAbs(p) {
			s.Rules[i] = filepath.Join(dir, p)
		}
	}
	config.Anchor(s, dir)
}
