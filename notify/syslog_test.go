package notify

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// The real rsyslog takes what we send over UDP, TCP and TLS, and finds its parts.
func TestRsyslog(t *testing.T) {
	rsyslogd := parts.Find(t, "rsyslogd")
	mailer := parts.Postfix(t) // for its certificate
	dir := filepath.Dir(mailer.CA)
	work := t.TempDir()
	log := filepath.Join(work, "log")
	udp, tcp, tls := parts.Port(t), parts.Port(t), parts.Port(t)
	conf := fmt.Sprintf(`global(workDirectory=%q defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q maxMessageSize="64k")
module(load="imudp") module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon") module(load="imptcp")
template(name="t" type="list") { property(name="pri") constant(value=" ") property(name="hostname") constant(value=" ") property(name="app-name") constant(value=" ") property(name="msgid") constant(value=" ") property(name="timereported" dateFormat="rfc3339") constant(value=" ") property(name="msg") constant(value="\n") }
input(type="imudp" address="127.0.0.1" port="%d") input(type="imptcp" address="127.0.0.1" port="%d") input(type="imtcp" address="127.0.0.1" port="%d")
*.* action(type="omfile" file=%q template="t")
`, work, mailer.CA, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), udp, tcp, tls, log)
	name := filepath.Join(work, "rsyslog.conf")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Start(t, exec.Command(rsyslogd, "-n", "-f", name, "-i", filepath.Join(work, "pid")))
	count := 0
	for _, c := range []struct {
		config SyslogConfig
		want   string
	}{
		{SyslogConfig{Server: fmt.Sprintf("tcp://127.0.0.1:%d", tcp)}, "106 h.example.com tocsin firing 2026-07-15T12:00:00.000Z CEF:0|tocsin|tocsin|1|firing|a password of root was guessed|10|rt=1784116800000 externalId="},
		{SyslogConfig{Server: fmt.Sprintf("tcp://127.0.0.1:%d", tcp), Framing: "lines", Format: "leef", Facility: 4}, "34 h.example.com tocsin firing 2026-07-15T12:00:00.000Z LEEF:2.0|tocsin|tocsin|1|firing|x09|devTime=2026-07-15T12:00:00.000Z"},
		{SyslogConfig{Server: fmt.Sprintf("tls://127.0.0.1:%d", tls), CA: mailer.CA, Format: "json"}, `106 h.example.com tocsin firing 2026-07-15T12:00:00.000Z {"id":`},
		{SyslogConfig{Server: fmt.Sprintf("udp://127.0.0.1:%d", udp)}, "106 h.example.com tocsin firing 2026-07-15T12:00:00.000Z CEF:0|"},
	} {
		s := open(t, &c.config)
		m := alarm(noon)
		parts.Wait(t, 20*time.Second, "rsyslog at "+c.config.Server, func() bool { _, err := s.Send(t.Context(), &m); return err == nil })
		var lines []string
		parts.Wait(t, 20*time.Second, "a line from "+c.config.Server, func() bool {
			if strings.HasPrefix(c.config.Server, "udp") {
				_, _ = s.Send(t.Context(), &m) // it may not have listened yet
			}
			text, _ := os.ReadFile(log)
			lines = strings.Split(strings.TrimSpace(string(text)), "\n")
			for _, l := range lines {
				if strings.HasPrefix(l, c.want) {
					return true
				}
			}
			return false
		})
		count++
	}
	m := evilAlarm(noon)
	if _, err := open(t, &SyslogConfig{Server: fmt.Sprintf("tcp://127.0.0.1:%d", tcp)}).Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 20*time.Second, "the hostile one", func() bool {
		text, _ := os.ReadFile(log)
		i := strings.Index(string(text), "|worse|")
		if i < 0 || !strings.Contains(string(text[i:]), "\n") {
			return false
		}
		line, _, _ := strings.Cut(string(text[i:]), "\n")
		if !strings.HasPrefix(line, `|worse|x Bcc: victim@example.org <script>`) || !strings.Contains(line, ` =1 \|x\| \\ `) || !strings.Contains(line, `\=1`) {
			t.Fatalf("%s", line)
		}
		return true
	})
	bad := open(t, &SyslogConfig{Server: fmt.Sprintf("tls://127.0.0.1:%d", tls)})
	m = alarm(noon)
	if _, err := bad.Send(t.Context(), &m); err == nil || refusalOf(err).Class != Broken {
		t.Errorf("an unknown authority: %v", err)
	}
}
