package parse

import "testing"

// TestAptHistory reads runs of apt, one that was broken off, and one that failed, cut into blocks of any size.
func TestAptHistory(t *testing.T) {
	const text = "\nStart-Date: 2024-03-03  09:12:44\nCommandline: apt-get install telnetd\nRequested-By: anna (1000)\nInstall: telnetd:amd64 (0.17+2.4-2), inetd:amd64 (1.2.3.4-1, automatic)\nUpgrade: tree:amd64 (2.0.2-1, 2.1.0-1)\nEnd-Date: 2024-03-03  09:12:50\n" +
		"\nStart-Date: 2024-03-03  09:12:44\nCommandline: apt-get remove tree\nRemove: tree:amd64 (2.1.0-1)\n" +
		"\nStart-Date: 2024-03-03  09:12:44\nCommandline: apt-get purge x\nPurge: x:amd64 (1.2.3.4-1)\nError: Sub-process /usr/bin/dpkg returned an error code (1)\nEnd-Date: 2024-03-03  09:12:50\n"
	if f := Recognise(Formats, text); f != AptHistory {
		t.Fatalf("recognised as %v", f)
	}
	want := ""
	for _, step := range []int{len(text) + 1, 1, 50} {
		out := splitParse(t, AptHistory, text, step)
		if want == "" {
			want = dump(out)
		} else if dump(out) != want {
			t.Fatalf("blocks of %d bytes give other events: %s", step, dump(out))
		}
		if len(out.Events) != 3 {
			t.Fatalf("%d events", len(out.Events))
		}
		for i, c := range []string{
			`event.category=package event.outcome=success user.name=anna user.id=1000 package.name=["telnetd","inetd","tree"] package.version=["0.17+2.4-2","1.2.3.4-1","2.1.0-1"] event.action=["package_install","package_upgrade"] source.ip=`,
			"event.action=package_remove package.name=tree package.version=2.1.0-1 event.outcome=",
			"event.action=package_purge package.name=x event.outcome=failure",
		} {
			checkRelayed(t, &out.Events[i], "apt", "09:12:44", c)
		}
	}
}

// TestDpkg reads what dpkg notes of a package, with its architecture and without.
func TestDpkg(t *testing.T) {
	for line, want := range map[string]string{
		"2024-03-03 09:12:44 install tree:amd64 <none> 2.1.0-1":                "event.action=package_install package.name=tree package.architecture=amd64 package.version=2.1.0-1 event.category=package",
		"2024-03-03 09:12:44 upgrade tree 1.2.3.4-1 1.2.3.5-1":                 "event.action=package_upgrade package.name=tree package.version=1.2.3.5-1 source.ip=",
		"2024-03-03 09:12:44 remove telnetd:amd64 0.17+2.4-2 <none>":           "event.action=package_remove package.name=telnetd package.version=0.17+2.4-2",
		"2024-03-03 09:12:44 status installed tree 1:1.2.3.4-1":                "event.action=package_installed package.name=tree package.version=1:1.2.3.4-1 source.ip=",
		"2024-03-03 09:12:44 status half-configured tree:amd64 1.2.3.4+dfsg-1": "event.action=package_status package.name=tree source.ip=",
	} {
		e := parseAll(Recognise(Formats, line), line)
		if len(e) != 1 {
			t.Fatalf("%d events of %s", len(e), line)
		}
		checkRelayed(t, &e[0], "dpkg", "09:12:44", want)
	}
}

// TestVersionsAreNoAddresses has numbers that look like addresses, and addresses that look like them.
func TestVersionsAreNoAddresses(t *testing.T) {
	for s, want := range map[string]string{
		"Unpacking tree:amd64 (1.2.3.4-1) over (1.2.3.3-1) ...": "", "tree (1:1.2.3.4) installed": "", "tree 1.2.3.4+dfsg-1": "",
		"tree 1.2.3.4~deb12u1": "", "Chrome/1.2.3.4 Safari": "", "version 1.2.3.4 started": "", "release 1.2.3.4": "", "v1.2.3.4": "", "lib_1.2.3.4_amd64.deb": "",
		"connect from 1.2.3.4": "1.2.3.4", "http://1.2.3.4/x": "1.2.3.4", "host/1.2.3.4:80": "1.2.3.4", "Host/1.2.3.4:80": "1.2.3.4", "/1.2.3.4": "1.2.3.4",
		"peer [1.2.3.4]": "1.2.3.4", "ip=1.2.3.4": "1.2.3.4", "client:1.2.3.4": "1.2.3.4", "eth1:1.2.3.4": "1.2.3.4",
	} {
		if got, _, _ := clueAddress(s); got != want {
			t.Errorf("%q, want %q: %s", got, want, s)
		}
	}
}
