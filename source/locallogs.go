package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Local is what a machine logs about itself, as far as it can be found without being told.
type Local struct {
	Journal *JournalConfig // nil where there is none, or it may not be read, or the files hold more
	Files   *FilesConfig   // nil where no file is to be followed: the folder of the logs, but for what is left out
	Logs    []LocalLog     // the files that are followed from the start, by path
	Covered []string       // files left out because the system log's daemon writes them from the journal
	Denied  []Denied       // what is there and may not be read
	Notes   []string       // what a person has to know: one sentence each
}

// LocalLog is a log file of this machine.
type LocalLog struct {
	Path   string
	Format string // "" where the file is still empty
	Size   int64
	Mod    time.Time
}

// Denied is a log that this process may not read.
type Denied struct {
	Path string
	Need string // who may: "root", "group adm"
}

// systemLogs are the files, below the folder of the logs, that a syslog daemon writes from what the journal has too, as
// Debian and Red Hat set up rsyslog.
var systemLogs = []string{
	"auth.log", "syslog", "kern.log", "mail.log", "mail.info", "mail.warn", "mail.err", "cron.log", "daemon.log", "debug",
	"messages", "user.log", "lpr.log", "secure", "maillog", "cron", "spooler",
}

// quietLogs are files, below the folder of the logs, that say nothing of security: what the package manager shows on the
// terminal and plans, which stands in apt/history.log and dpkg.log as what was done; links among programs; caches of fonts.
var quietLogs = []string{
	"apt/eipp.log", "apt/term.log", "unattended-upgrades/unattended-upgrades-dpkg.log", "alternatives.log", "fontconfig.log", "bootstrap.log",
	"popularity-contest", "popularity-contest.new",
}

const (
	maxLocalFiles = 20_000
	freshJournal  = 24 * time.Hour // a journal not written to for so long is no longer kept
)

// LocalLogs finds the logs of this machine. recognise is Env.Recognise. On macOS and Windows it finds what stands in files,
// and Notes says what does not.
func LocalLogs(recognise func(head string) (string, Splitter)) Local {
	var l Local
	switch runtime.GOOS {
	case "windows":
		l.windows(os.Getenv("SystemRoot"))
	case "darwin":
		l.Notes = append(l.Notes, "macOS keeps most of what it logs in a store that only its program log reads; the files in /var/log are followed, "+
			"and log collect makes an archive for later.")
		l.find(localPlaces{root: "/", recognise: recognise, now: time.Now()})
	default:
		_, err := exec.LookPath("journalctl")
		l.find(localPlaces{root: "/", recognise: recognise, now: time.Now(), journalctl: err == nil})
	}
	return l
}

// windows takes the folder of the event logs. Windows writes to these files late, and keeps them locked in part.
func (l *Local) windows(root string) {
	dir := filepath.Join(root, "System32", "winevt", "Logs")
	l.Notes = append(l.Notes, "Windows writes its event logs to their files some time after the events; for events as they happen, "+
		"have Windows Event Forwarding or a shipper such as Winlogbeat send them to the HTTP intake.")
	if _, err := os.ReadDir(dir); err != nil {
		l.Denied = append(l.Denied, Denied{dir, "an administrator, or the group Event Log Readers"})
		return
	}
	l.Files = &FilesConfig{Paths: []string{dir}}
}

// localPlaces is where to look.
type localPlaces struct {
	root       string // "/"; another one in tests
	recognise  func(head string) (string, Splitter)
	now        time.Time
	journalctl bool // there is a journalctl
}

func (l *Local) find(p localPlaces) {
	l.journal(p)
	dir := filepath.Join(p.root, "var", "log")
	if _, err := os.Stat(dir); err != nil {
		return
	}
	exclude := []string{filepath.Join(dir, "journal")}
	found := 0
	newWalk(func(e entry) bool {
		if found++; found > maxLocalFiles {
			l.Notes = append(l.Notes, "there are more files in "+dir+" than were looked at")
			return false
		}
		if within(e.path, exclude[0]) || isQuiet(dir, e.path) {
			return true
		}
		if e.err != nil || !e.regular() {
			if errors.Is(e.err, fs.ErrPermission) {
				l.deny(e.path)
			}
			return true
		}
		if l.Journal != nil && isSystemLog(dir, e.path) {
			l.Covered = append(l.Covered, e.path)
			return true
		}
		if !l.consider(p, e) {
			exclude = append(exclude, e.path)
		}
		return true
	}).paths([]string{dir})
	names := quietLogs
	if l.Journal != nil {
		names = slices.Concat(names, systemLogs)
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		exclude = append(exclude, path, path+".*", path+"-*")
	}
	l.Files = &FilesConfig{Paths: []string{dir}, Exclude: exclude}
	for _, d := range l.Denied {
		l.Files.told = append(l.Files.told, d.Path)
	}
}

// journal looks whether the journal can be read, and whether it is the better of the two sources.
func (l *Local) journal(p localPlaces) {
	var files []string
	for _, dir := range []string{"var/log/journal", "run/log/journal"} {
		more, _ := filepath.Glob(filepath.Join(p.root, dir, "*", "system*.journal"))
		files = append(files, more...)
		if folders, err := os.ReadDir(filepath.Join(p.root, dir)); err == nil && len(more) == 0 {
			for _, d := range folders {
				if _, err := os.ReadDir(filepath.Join(p.root, dir, d.Name())); errors.Is(err, fs.ErrPermission) {
					l.Denied = append(l.Denied, Denied{filepath.Join(p.root, dir), "group systemd-journal"})
				}
			}
		}
	}
	if len(files) == 0 {
		return
	}
	fresh, denied := false, false
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			denied = denied || errors.Is(err, fs.ErrPermission)
			continue
		}
		if info, err := file.Stat(); err == nil && p.now.Sub(info.ModTime()) < freshJournal {
			fresh = true
		}
		_ = file.Close()
	}
	switch {
	case denied && !fresh:
		l.Denied = append(l.Denied, Denied{"the journal of systemd", "group systemd-journal"})
	case !fresh:
		l.Notes = append(l.Notes, "the journal has not been written to for a day; the files in /var/log are followed instead")
	case !p.journalctl:
		l.Notes = append(l.Notes, "there is a journal and no program journalctl to read it with; the files in /var/log are followed instead")
	case receives(p.root):
		l.Notes = append(l.Notes, "rsyslog here takes in the logs of other machines; its files are followed, and the journal, of which they hold a copy, is not")
	default:
		l.Journal = &JournalConfig{}
	}
}

// listens is how rsyslog's configuration says that it takes in what others send, in its new and its old form.
var listens = regexp.MustCompile(`(?mi)^\s*(?:input\s*\(\s*type\s*=\s*"im(?:udp|tcp|relp|ptcp)"|\$(?:UDPServerRun|InputTCPServerRun|InputRELPServerRun)\b)`)

// receives tells whether a syslog daemon here takes in the logs of other machines, which the journal does not have.
func receives(root string) bool {
	files, _ := filepath.Glob(filepath.Join(root, "etc/rsyslog.d/*.conf"))
	for _, path := range append(files, filepath.Join(root, "etc/rsyslog.conf")) {
		if text, err := os.ReadFile(path); err == nil && listens.Match(text) {
			return true
		}
	}
	return false
}

// isQuiet tells whether a file is one of quietLogs, or an older generation of it.
func isQuiet(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return false
	}
	folder, name := filepath.Split(filepath.ToSlash(rel))
	return slices.Contains(quietLogs, folder+parseRotated(name).base)
}

func isSystemLog(dir, path string) bool {
	if filepath.Dir(path) != dir {
		return false
	}
	r := parseRotated(filepath.Base(path))
	return slices.Contains(systemLogs, r.base)
}

// consider looks into a file and tells whether it is to be followed, now or when it may be read.
func (l *Local) consider(p localPlaces, e entry) bool {
	file, _, err := openRegular(e.path)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			l.deny(e.path)
		}
		return true
	}
	defer file.Close()
	r := parseRotated(filepath.Base(e.path))
	head, err := io.ReadAll(io.LimitReader(file, headSize))
	if err != nil {
		return true
	}
	if packedBy(head) != nil {
		return true // the follower reads it if it is young
	}
	if len(head) == 0 {
		if !namedLog(r.base) {
			return false
		}
		l.Logs = append(l.Logs, LocalLog{e.path, "", 0, e.mod})
		return true
	}
	format, split := p.recognise(string(head))
	if split == nil || format == "text" && !namedLog(r.base) {
		return false
	}
	if old := p.now.Sub(e.mod) > 24*time.Hour; !old || r.scheme == alone {
		l.Logs = append(l.Logs, LocalLog{e.path, format, e.size, e.mod})
	}
	return true
}

// namedLog tells whether a file calls itself a log.
func namedLog(name string) bool {
	return strings.Contains(strings.ToLower(name), "log") && name != "lastlog" && name != "faillog" && name != "tallylog" ||
		slices.Contains(systemLogs, name)
}

// deny notes what may not be read, and by whom it may.
func (l *Local) deny(path string) {
	l.Denied = append(l.Denied, Denied{path, needed(path)})
}
