package source

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/parse"
)

// rsyslogElastic starts rsyslog with a TCP input and the action that follows, and returns the input's address.
func rsyslogElastic(t *testing.T, action string) string {
	t.Helper()
	program := parts.Find(t, "rsyslogd")
	if found, _ := filepath.Glob("/usr/lib/*/rsyslog/omelasticsearch.so"); len(found) == 0 {
		parts.Missing(t, "rsyslog has no omelasticsearch; make parts installs it")
	}
	dir := t.TempDir()
	port := parts.Port(t)
	conf := filepath.Join(dir, "rsyslog.conf")
	text := fmt.Sprintf("global(workDirectory=%q)\nmodule(load=\"imtcp\")\nmodule(load=\"omelasticsearch\")\n%s\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"%d\" ruleset=\"out\")\n", dir, action, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Start(t, exec.Command(program, "-n", "-f", conf, "-i", filepath.Join(dir, "pid")))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	parts.Wait(t, 10*time.Second, "rsyslog", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr
}

// TestRsyslogElastic: what rsyslog sends by its Elasticsearch output arrives, also when nobody listens for a while, with the
// token as password, and says what the line said.
func TestRsyslogElastic(t *testing.T) {
	const secret = "a-token-of-sixteen-bytes"
	t.Setenv("TOCSIN_TEST_TOKEN", secret)
	listen := fmt.Sprintf("127.0.0.1:%d", parts.Port(t))
	_, port, _ := net.SplitHostPort(listen)
	addr := rsyslogElastic(t, `template(name="all" type="list") { constant(value="{\"@timestamp\":\"") property(name="timereported" dateFormat="rfc3339")
 constant(value="\",\"host\":\"") property(name="hostname" format="json") constant(value="\",\"syslogtag\":\"") property(name="syslogtag" format="json")
 constant(value="\",\"message\":\"") property(name="msg" format="json") constant(value="\"}") }
ruleset(name="out" queue.type="linkedList") {
 action(type="omelasticsearch" server="127.0.0.1" serverport="`+port+`" uid="elastic" pwd="`+secret+`" bulkmode="on" template="all" searchIndex="logs" retryfailures="on"
  retryruleset="out" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="linkedList" queue.dequeueBatchSize="50")
}`)
	to := newIntake(t)
	input := newHTTP(t, HTTPConfig{Listen: listen, Tokens: []HTTPToken{{Name: "rsyslog", Secret: "env:TOCSIN_TEST_TOKEN"}}})
	run := start(t, input, to)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(from, until int) {
		for n := from; n <= until; n++ {
			fmt.Fprintf(c, "<86>2024-03-03T09:12:44.120Z gate sshd[812]: Failed password for invalid user %s from 203.0.113.7 port 50122 ssh2\n", mark(n))
		}
	}
	send(1, 500)
	has := func(n int) func() bool {
		return func() bool {
			seen := map[string]bool{}
			for _, d := range to.durable {
				for _, m := range marks.FindAllString(d.Block.Data, -1) {
					seen[m] = true
				}
			}
			return len(seen) == n
		}
	}
	to.until(t, "500 records", has(500))
	run.stop(t)
	send(501, 1000) // nobody listens
	time.Sleep(100 * time.Millisecond)
	run = start(t, newHTTP(t, HTTPConfig{Listen: listen, Tokens: []HTTPToken{{Name: "rsyslog", Secret: "env:TOCSIN_TEST_TOKEN"}}}), to)
	to.until(t, "1000 records", has(1000))
	run.stop(t)
	var batch event.Batch
	parser := parse.JSON.NewParser(&parse.Env{})
	for _, d := range to.durable {
		if o := d.Block.Origin; o.Sender != "127.0.0.1" || !strings.HasSuffix(o.Path, "/rsyslog") || o.Format != "json" {
			t.Fatalf("%+v", o)
		}
		parser.Parse(d.Block, &batch)
	}
	if len(batch.Events) != 1000 || len(batch.Unread) != 0 {
		t.Errorf("%d events, %d unread", len(batch.Events), len(batch.Unread))
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		for name, want := range map[string]string{"host.name": "gate", "source.ip": "203.0.113.7", "process.name": "sshd", "process.pid": "812", "event.outcome": "failure"} {
			if got := e.Get(name).String(); got != want {
				t.Fatalf("%s = %q, want %q: %s", name, got, want, e.Raw)
			}
		}
		if e.Shape.Format.Name != "sshd" || e.When().Year() != 2024 {
			t.Fatalf("format %s, %s", e.Shape.Format.Name, e.When())
		}
	}
}
