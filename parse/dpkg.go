package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// packaging is the event.category of ECS for what is installed and removed.
const packaging = "package"

var (
	dpkgFormat  = &event.Format{Name: "dpkg", LogSource: event.LogSource{Product: "linux", Service: "dpkg"}}
	dpkgProgram = newProgram(dpkgFormat, dpkgSentences)
)

// dpkgSentences are what dpkg notes. Source: dpkg(1), option --log.
var dpkgSentences = []sentence{
	{"install {package}«:{arch}» {_} {version}", "package_install", packaging, "", ""},
	{"upgrade {package}«:{arch}» {_} {version}", "package_upgrade", packaging, "", ""},
	{"remove {package}«:{arch}» {version} {_}", "package_remove", packaging, "", ""},
	{"purge {package}«:{arch}» {version} {_}", "package_purge", packaging, "", ""},
	{"disappear {package}«:{arch}» {version} {_}", "package_remove", packaging, "", ""},
	{"configure {package}«:{arch}» {version} {_}", "package_configure", packaging, "", ""},
	{"trigproc {package}«:{arch}» {version} {_}", "package_trigger", packaging, "", ""},
	{"status installed {package}«:{arch}» {version}", "package_installed", packaging, success, ""},
	{"status not-installed {package}«:{arch}» {_}", "package_removed", packaging, success, ""},
	{"status {_} {package}«:{arch}» {version}", "package_status", packaging, "", ""},
	{"startup {*}", "package_manager_start", packaging, "", ""},
	{"conffile {_} keep", "package_configuration_kept", packaging, "", ""},
	{"conffile {_} install", "package_configuration_replaced", packaging, "", ""},
}

// dpkgLog is "2024-03-03 09:12:44 install tree:amd64 <none> 2.1.0-1".
var dpkgLog = ownLog{
	name: "dpkg",
	doc:  "The log of Debian's package manager (dpkg.log): what was installed, upgraded and removed.",
	example: "2024-03-03 09:12:44 startup archives unpack\n" +
		"2024-03-03 09:12:44 install tree:amd64 <none> 2.1.0-1\n" +
		"2024-03-03 09:12:45 status installed tree:amd64 2.1.0-1\n" +
		"2024-03-03 09:12:46 remove telnetd:amd64 0.17+2.4-2 <none>\n",
	begins: "cdiiprsu",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || !isDpkgWord(l.first) || strings.Count(l.rest, " ") > 4 || !dpkgProgram.read(l.rest, out) {
			return false
		}
		l.program = "dpkg"
		return true
	},
}

// isDpkgWord tells whether dpkg begins its lines with a word.
func isDpkgWord(s string) bool {
	switch s {
	case "install", "upgrade", "remove", "purge", "disappear", "configure", "trigproc", "status", "startup", "conffile":
		return true
	}
	return false
}
