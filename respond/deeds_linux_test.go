package respond

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// hostile are texts as they may stand in any field of a log line.
func hostile() []string {
	return []string{
		"", " ", "$(touch /tmp/x)", "`id`", "a;b", "a\nb", "a\x00b", "--help", "-rf", "../../etc/passwd", "\xff\xfe", strings.Repeat("a", 64<<10), "'; DROP TABLE actions; --",
		"1.2.3.4; flush ruleset", "999.1.1.1", "*", "*)(uid=*", "anna\u202e", "/etc/../etc/shadow", "/proc/1/mem",
	}
}

func TestHostileTargetsReachNothing(t *testing.T) {
	h := &Hands{Tools: Tools{Quarantine: t.TempDir(), Root: t.TempDir()}, Look: func() (*Ground, error) { return &Ground{}, nil }}
	for _, k := range Kinds() {
		if canonical, err := k.Check(k.Example, map[string]string{}); k.Name != "rate-limit" && (err != nil || canonical != k.Example) {
			t.Errorf("%s: its example becomes %q, %v", k.Name, canonical, err)
		}
		for _, text := range hostile() {
			for _, target := range []string{text, "from " + text, "user " + text, "/srv/" + text} {
				canonical, err := k.Check(target, nil)
				if err != nil {
					continue
				}
				// What a kind takes is data to it: the programs and webhooks of the operator, whose names are settings, and a file that is not there.
				if _, err := perform(t, h, VerbDo, k.Name, canonical, nil); err == nil && k.Name != "end-session" && k.Name != "kill" {
					t.Errorf("%s did %q", k.Name, target)
				}
			}
		}
	}
}

func TestEndSession(t *testing.T) {
	us, them := newNamespace(t), newNamespace(t)
	connect(t, us, them, 1)
	at, client := startSSHD(t, us, "10.7.1.1"), them
	session := client.command("ssh", "-F", "none", "-i", filepath.Join(at, "key"), "-o", "UserKnownHostsFile="+filepath.Join(at, "known"), "-o", "StrictHostKeyChecking=no",
		"-o", "BatchMode=yes", "-p", "2222", "root@10.7.1.1", "echo in; sleep 600")
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	parts.Start(t, session)
	in := make([]byte, 2)
	if _, err := io.ReadFull(out, in); err != nil {
		t.Fatal(err)
	}
	var ground *Ground
	us.do(t, func() { ground, err = LookAround() })
	if err != nil || len(ground.Sessions) != 1 || ground.Sessions[0].Address.String() != "10.7.1.2" || ground.Sessions[0].Port != 2222 {
		t.Fatalf("sessions %+v, %v", ground, err)
	}
	h := &Hands{Guard: Guard{Never: []string{"10.7.1.3"}}}
	us.do(t, func() {
		if o, err := perform(t, h, VerbDo, "end-session", "from 10.7.1.9", nil); err != nil || !strings.Contains(o.Result, "no such") {
			t.Errorf("no session: %+v, %v", o, err)
		}
		if _, err := perform(t, h, VerbDo, "end-session", "from 10.7.1.3", nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("never to be cut off: %v", err)
		}
		if _, err := perform(t, h, VerbDo, "end-session", "from 10.7.1.2", nil); err != nil {
			t.Error(err)
		}
	})
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, out); ended <- err }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the session goes on")
	}
}

// startSSHD starts a real sshd in a namespace and returns the folder with a key that opens it.
func startSSHD(t testing.TB, ns namespace, address string) string {
	t.Helper()
	sshd := parts.Find(t, "sshd")
	dir := t.TempDir()
	for _, name := range []string{"host", "key"} {
		run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name))
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd wants it
		t.Fatal(err)
	}
	config := fmt.Sprintf("ListenAddress %s:2222\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPermitRootLogin yes\nStrictModes no\nPidFile none\nUsePAM no\n", address, dir, dir)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Start(t, ns.command(sshd, "-D", "-e", "-f", filepath.Join(dir, "config")))
	parts.Wait(t, 10*time.Second, "sshd", func() bool { return reach(t, ns, address+":2222") })
	return dir
}

func TestLockAccount(t *testing.T) {
	parts.Find(t, "usermod")
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\nben:x:1001:1001::/home/ben:/bin/sh\n",
		"group":  "root:x:0:\nanna:x:1000:\nben:x:1001:\n", "gshadow": "root:*::\nanna:!::\nben:!::\n",
		"shadow": "root:*:19000:0:99999:7:::\nanna:$6$salt$hash:19000:0:99999:7::20500:\nben:!$6$salt$hash:19000:0:99999:7:::\n", "login.defs": "",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(filepath.Join(root, "etc/shadow"))
	if err != nil {
		t.Fatal(err)
	}
	h := &Hands{Tools: Tools{Root: root}}
	for account, locked := range map[string]string{"anna": "!$6$salt$hash 1", "ben": "!$6$salt$hash 1"} {
		o := done(t)(perform(t, h, VerbDo, "lock-account", account, nil))
		f, err := h.Tools.shadow(account)
		if err != nil || f[1]+" "+f[7] != locked {
			t.Errorf("%s is %v, %v", account, f, err)
		}
		again := done(t)(perform(t, h, VerbDo, "lock-account", account, nil))
		if again.Undo["nothing"] != "yes" {
			t.Errorf("locked twice: %+v", again)
		}
		for range 2 {
			done(t)(perform(t, h, VerbUndo, "lock-account", account, o.Undo))
		}
	}
	if after, err := os.ReadFile(filepath.Join(root, "etc/shadow")); err != nil || string(after) != string(before) {
		t.Errorf("shadow was\n%s, and is\n%s", before, after)
	}
	done(t)(perform(t, h, VerbDo, "expire-password", "anna", nil))
	if f, err := h.Tools.shadow("anna"); err != nil || f[2] != "0" {
		t.Errorf("expired: %v, %v", f, err)
	}
	if _, err := perform(t, h, VerbDo, "lock-account", "nobody-here", nil); !errors.Is(err, errFinal) {
		t.Errorf("no such account: %v", err)
	}
}

func TestRemoveKey(t *testing.T) {
	root := t.TempDir()
	ssh := filepath.Join(root, "home/anna/.ssh")
	if err := errors.Join(os.MkdirAll(ssh, 0o700), os.MkdirAll(filepath.Join(root, "etc"), 0o755),
		os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("anna:x:1000:1000::/home/anna:/bin/sh\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	key := func(n byte) (line, print string) {
		b := append([]byte{0, 0, 0, 11}, "ssh-ed25519"...)
		b = append(append(b, 0, 0, 0, 32), strings.Repeat(string(rune('a'+n)), 32)...)
		sum := sha256.Sum256(b)
		return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(b), "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	}
	one, print := key(0)
	two, _ := key(1)
	text := "# mine\n" + one + " anna@home\n" + two + "\n" + `from="10.0.0.1" ` + one + "\n"
	file := filepath.Join(ssh, "authorized_keys")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &Hands{Tools: Tools{Root: root}}
	o := done(t)(perform(t, h, VerbDo, "remove-key", "anna "+print, nil))
	if got, _ := os.ReadFile(file); string(got) != "# mine\n"+two+"\n" {
		t.Errorf("left %q", got)
	}
	if _, err := perform(t, h, VerbUndo, "remove-key", "anna "+print, map[string]string{"lines": two}); err == nil {
		t.Error("another key was put in")
	}
	for range 2 {
		done(t)(perform(t, h, VerbUndo, "remove-key", "anna "+print, o.Undo))
	}
	if got, _ := os.ReadFile(file); strings.Count(string(got), one) != 2 || strings.Count(string(got), "\n") != 4 {
		t.Errorf("put back %q", got)
	}
	// A link in place of the file leads nowhere.
	secret := filepath.Join(root, "etc/secret")
	if err := errors.Join(os.WriteFile(secret, []byte(one+"\n"), 0o600), os.Remove(file), os.Symlink(secret, file)); err != nil {
		t.Fatal(err)
	}
	if _, err := perform(t, h, VerbDo, "remove-key", "anna "+print, nil); err == nil {
		t.Error("a link was followed")
	}
	if got, _ := os.ReadFile(secret); string(got) != one+"\n" {
		t.Errorf("behind the link there is %q", got)
	}
}

func TestKillTree(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 600 & (sleep 601 & wait) & wait")
	parts.Start(t, cmd)
	var pids []int
	parts.Wait(t, 5*time.Second, "the tree", func() bool {
		pids, _ = tree(processes(), cmd.Process.Pid)
		return len(pids) == 4
	})
	p, err := processOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hands{}
	if o := done(t)(perform(t, h, VerbDo, "kill", fmt.Sprintf("%d %s1", p.pid, p.start), nil)); !strings.Contains(o.Result, "already") {
		t.Errorf("another process with its number: %+v", o)
	}
	done(t)(perform(t, h, VerbDo, "kill", fmt.Sprintf("%d %s", p.pid, p.start), nil))
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is alive", pid)
		}
	}
	self, err := processOf(os.Getppid())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := perform(t, h, VerbDo, "kill", fmt.Sprintf("%d %s", self.pid, self.start), nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("killing what has started us: %v", err)
	}
}

func TestQuarantine(t *testing.T) {
	dir, folder := t.TempDir(), filepath.Join(t.TempDir(), "quarantine")
	h := &Hands{Tools: Tools{Quarantine: folder}}
	file := filepath.Join(dir, "a b$(x).exe")
	when := time.Unix(1_700_000_000, 0)
	if err := errors.Join(os.WriteFile(file, []byte("evil"), 0o600), os.Chmod(file, 0o754), os.Chtimes(file, when, when)); err != nil {
		t.Fatal(err)
	}
	o := done(t)(perform(t, h, VerbDo, "quarantine", file, nil))
	sum := sha256.Sum256([]byte("evil"))
	if o.Undo["sha256"] != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", o)
	}
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if info, err := os.Stat(filepath.Join(folder, o.Undo["sha256"])); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("in quarantine: %v, %v", info, err)
	}
	if err := os.WriteFile(file, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := perform(t, h, VerbUndo, "quarantine", file, o.Undo); err == nil {
		t.Error("another file was overwritten")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := perform(t, h, VerbUndo, "quarantine", filepath.Join(dir, "elsewhere"), o.Undo); err == nil {
		t.Error("it was put elsewhere")
	}
	if _, err := perform(t, h, VerbUndo, "quarantine", file, map[string]string{"sha256": "../../etc/passwd"}); err == nil {
		t.Error("a hash that is none was taken")
	}
	done(t)(perform(t, h, VerbUndo, "quarantine", file, o.Undo))
	info, err := os.Stat(file)
	if data, _ := os.ReadFile(file); err != nil || string(data) != "evil" || info.Mode().Perm() != 0o754 || !info.ModTime().Equal(when) {
		t.Errorf("put back %v, %v", info, err)
	}
	// The same content, found at two places, goes back to both.
	twin := filepath.Join(dir, "twin.exe")
	if err := os.WriteFile(twin, []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	done(t)(perform(t, h, VerbDo, "quarantine", file, nil))
	done(t)(perform(t, h, VerbDo, "quarantine", twin, nil))
	done(t)(perform(t, h, VerbUndo, "quarantine", file, o.Undo))
	done(t)(perform(t, h, VerbUndo, "quarantine", twin, o.Undo))
	for _, path := range []string{file, twin} {
		if data, err := os.ReadFile(path); err != nil || string(data) != "evil" {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left in quarantine: %v, %v", left, err)
	}
	// Neither a link nor a folder on the way that is one leads anywhere.
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.Symlink(file, link), os.Symlink(dir, filepath.Join(dir, "way"))); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, filepath.Join(dir, "way", filepath.Base(file)), dir, filepath.Join(dir, "nothing")} {
		if _, err := perform(t, h, VerbDo, "quarantine", path, nil); err == nil {
			t.Errorf("%s was moved", path)
		}
	}
}

func TestProgram(t *testing.T) {
	dir := t.TempDir()
	got := filepath.Join(dir, "got")
	h := &Hands{Tools: Tools{Programs: map[string]Program{
		"tell":   {Command: []string{"/bin/sh", "-c", `printf '%s|' "$@" >` + got + `; cat >>` + got + `; echo told`, "sh", "a b", "$(id)"}},
		"fail":   {Command: []string{"/bin/sh", "-c", "echo no >&2; exit 3"}},
		"hang":   {Command: []string{"/bin/sh", "-c", "sleep 600 & sleep 600"}, Timeout: 200 * time.Millisecond},
		"chatty": {Command: []string{"/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"}},
	}}}
	o := done(t)(perform(t, h, VerbDo, "program", "tell $(reboot) 'x'", nil))
	if o.Result != "told" {
		t.Errorf("result %q", o.Result)
	}
	text, err := os.ReadFile(got)
	if err != nil || !strings.HasPrefix(string(text), "a b|$(id)|{") {
		t.Fatalf("got %q, %v", text, err)
	}
	var told told
	if err := json.Unmarshal(text[strings.IndexByte(string(text), '{'):], &told); err != nil || told.About != "$(reboot) 'x'" || told.By != "anna" || told.Verb != "do" {
		t.Errorf("told %+v, %v", told, err)
	}
	if _, err := perform(t, h, VerbDo, "program", "fail", nil); err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("failed: %v", err)
	}
	began := time.Now()
	if _, err := perform(t, h, VerbDo, "program", "hang", nil); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("hanging: %v after %s", err, time.Since(began))
	}
	if o := done(t)(perform(t, h, VerbDo, "program", "chatty", nil)); len(o.Result) > maxOutput+100 || !strings.HasSuffix(o.Result, "983616 more bytes") {
		t.Errorf("kept %d bytes: …%s", len(o.Result), o.Result[len(o.Result)-30:])
	}
	if _, err := perform(t, h, VerbDo, "program", "unknown", nil); !errors.Is(err, errFinal) {
		t.Errorf("unknown: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	t.Setenv("HOOK_SECRET", "s3cret")
	status := http.StatusOK
	var body, signature string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, signature = string(b), r.Header.Get("X-Tocsin-Signature")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "thanks")
	}))
	defer server.Close()
	h := &Hands{Tools: Tools{Webhooks: map[string]Webhook{"soar": {URL: server.URL, Secret: "env:HOOK_SECRET"}}}}
	if o := done(t)(perform(t, h, VerbDo, "webhook", "soar 203.0.113.7", nil)); o.Result != "200 OK thanks" {
		t.Errorf("result %q", o.Result)
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(body))
	if signature != "sha256="+hex.EncodeToString(mac.Sum(nil)) || !strings.Contains(body, `"about":"203.0.113.7"`) {
		t.Errorf("sent %s, signed %s", body, signature)
	}
	for code, final := range map[int]bool{400: true, 404: true, 429: false, 500: false, 302: false} {
		status = code
		if _, err := perform(t, h, VerbDo, "webhook", "soar", nil); err == nil || errors.Is(err, errFinal) != final {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestLDAP(t *testing.T) {
	slapd := parts.Find(t, "slapd")
	dir := t.TempDir()
	port := parts.Port(t)
	config := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile %[1]s/pid
database mdb
suffix "dc=example,dc=com"
rootdn "cn=tocsin,dc=example,dc=com"
rootpw secret
directory %[1]s/db
overlay ppolicy
ppolicy_default "cn=policy,dc=example,dc=com"
`, dir)
	ldif := `dn: dc=example,dc=com
objectClass: domain
dc: example

dn: cn=policy,dc=example,dc=com
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE

dn: uid=anna,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: shadowAccount
uid: anna
cn: Anna
sn: Anna
uidNumber: 1000
gidNumber: 1000
homeDirectory: /home/anna
userPassword: right
`
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "db"), 0o700), os.WriteFile(filepath.Join(dir, "slapd.conf"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "data.ldif"), []byte(ldif), 0o600)); err != nil {
		t.Fatal(err)
	}
	run(t, parts.Find(t, "slapadd"), "-f", filepath.Join(dir, "slapd.conf"), "-l", filepath.Join(dir, "data.ldif"))
	url := fmt.Sprintf("ldap://127.0.0.1:%d", port)
	parts.Start(t, exec.Command(slapd, "-d", "0", "-f", filepath.Join(dir, "slapd.conf"), "-h", url))
	t.Setenv("LDAP_PASSWORD", "secret")
	t.Setenv("ANNA", "right")
	anna := &LDAP{URL: url, Bind: "uid=anna,dc=example,dc=com", Password: "env:ANNA"}
	login := func() bool {
		c, err := anna.dial()
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	parts.Wait(t, 10*time.Second, "slapd", login)
	h := &Hands{Tools: Tools{LDAP: &LDAP{URL: url, Bind: "cn=tocsin,dc=example,dc=com", Password: "env:LDAP_PASSWORD", Base: "dc=example,dc=com"}}}
	o := done(t)(perform(t, h, VerbDo, "lock-directory-account", "anna", nil))
	if login() {
		t.Error("a locked account gets in")
	}
	for range 2 {
		done(t)(perform(t, h, VerbUndo, "lock-directory-account", "anna", o.Undo))
	}
	if !login() {
		t.Error("an unlocked account does not get in")
	}
	h.Tools.LDAP.Kind = "shadow"
	o = done(t)(perform(t, h, VerbDo, "lock-directory-account", "anna", nil))
	done(t)(perform(t, h, VerbUndo, "lock-directory-account", "anna", o.Undo))
	if _, err := perform(t, h, VerbDo, "lock-directory-account", "nobody", nil); !errors.Is(err, errFinal) {
		t.Errorf("nobody: %v", err)
	}
}

func TestLookAround(t *testing.T) {
	us, them := newNamespace(t), newNamespace(t)
	connect(t, us, them, 1)
	us.run(t, "ip", "route", "add", "default", "via", "10.7.1.2")
	us.run(t, "ip", "-6", "route", "add", "default", "via", "fd07:1::2")
	var g *Ground
	var err error
	us.do(t, func() {
		g, err = LookAround(Session{User: "ben", Address: netip.MustParseAddr("192.0.2.9"), What: "console"})
	})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(g.Own, g.Gateways, g.Sessions)
	for _, want := range []string{"10.7.1.1", "fd07:1::1", "[10.7.1.2 fd07:1::2]", "192.0.2.9"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

// A dry run says what would be met: whether it is there, and what else ends with it.
func TestLookBeforeDoing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.exe")
	if err := os.WriteFile(file, []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := processOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, target, want string }{
		{"quarantine", file, "it has 4 bytes"},
		{"quarantine", filepath.Join(filepath.Dir(file), "nothing"), "there is no such file"},
		{"quarantine", filepath.Dir(file), "no plain file"},
		{"quarantine", "/etc/passwd", "belongs to the system"},
		{"kill", "999999999 1", "no such process"},
		{"kill", fmt.Sprintf("%d %s", self.pid, self.start), "is tocsin"},
		{"lock-account", "nosuchaccount", "there is no account"},
		{"lock-account", "daemon", "sessions that are open go on"},
	} {
		k, err := KindOf(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(k.Look(c.target), "; "); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.kind, c.target, got, c.want)
		}
	}
}
