package parse

import (
	"fmt"
	"strings"
	"testing"
)

// TestAuditDocuments reads one command as each of the shippers writes it.
func TestAuditDocuments(t *testing.T) {
	const all = "process.command_line=id_-u a0=id a1=-u SYSCALL=execve exe=/usr/bin/id comm=id user.name=anna event.outcome=success event.action=execve node=gate sequence=771 key=who"
	for _, c := range []struct{ name, in, want string }{
		{"laurel", `{"ID":"1709457164.120:771","NODE":"gate","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","exit":0,"ppid":1,"pid":2,"auid":1000,"uid":0,"comm":"id","exe":"/usr/bin/id","key":"who","ARCH":"x86_64","SYSCALL":"execve","AUID":"anna","UID":"root"},` +
			`"EXECVE":{"argc":2,"ARGV":["id","-u"]},"CWD":{"cwd":"/root"},"PATH":[{"item":0,"name":"/usr/bin/id","inode":1,"mode":"0o100755","nametype":"NORMAL"}],"PROCTITLE":{"ARGV":["id","-u"]},"PARENT_INFO":{"comm":"sh"}}`, all + " cwd=/root name=/usr/bin/id"},
		{"go-audit", `{"sequence":771,"timestamp":"1709457164.120","messages":[{"type":1300,"data":"arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=2 auid=1000 uid=0 comm=\"id\" exe=\"/usr/bin/id\" key=\"who\""},` +
			`{"type":1309,"data":"argc=2 a0=\"id\" a1=\"-u\""},{"type":1307,"data":" cwd=\"/root\""}],"uid_map":{"0":"root","1000":"anna"}}`, strings.Replace(all, "node=gate ", "", 1) + " cwd=/root"},
		{"aushape", `{"serial":771,"time":"2024-03-03T09:12:44.120+00:00","node":"gate","data":{"syscall":{"syscall":["execve","59"],"arch":["x86_64","c000003e"],"success":["yes"],"auid":["anna","1000"],"uid":["root","0"],"comm":["id"],"exe":["/usr/bin/id"],"key":["who"]},"execve":["id","-u"],"cwd":{"cwd":["/root"]}}}`, all},
		{"Auditbeat", `{"@timestamp":"2024-03-03T09:12:44.120Z","event":{"module":"auditd","category":["process"],"action":"executed"},"auditd":{"message_type":"syscall","sequence":771,"result":"success","data":{"syscall":"execve","arch":"x86_64","a0":"55d0","exit":"0"},"paths":[{"name":"/usr/bin/id","nametype":"NORMAL"}]},` +
			`"process":{"executable":"/usr/bin/id","name":"id","pid":2,"args":["id","-u"],"title":"id -u"},"user":{"id":"0","name":"root","audit":{"id":"1000","name":"anna"}},"tags":["who"],"host":{"name":"gate"}}`, all + " name=/usr/bin/id"},
	} {
		e := parseAll(JSON, c.in)
		if len(e) != 1 {
			t.Fatalf("%s: %d events", c.name, len(e))
		}
		if e[0].Shape.Format != auditdFormat || e[0].When().Format("15:04:05.000") != "09:12:44.120" || e[0].Raw != c.in {
			t.Errorf("%s: %s at %v", c.name, e[0].Shape.Format.Name, e[0].When())
		}
		if types := e[0].Get("type").String(); !strings.Contains(types, "SYSCALL") || !strings.Contains(types, "EXECVE") {
			t.Errorf("%s: types %s", c.name, types)
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(e[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
}

// TestCarriedAuditJoins has the records of events, mixed, in objects of their own, cut into blocks of any size.
func TestCarriedAuditJoins(t *testing.T) {
	var b strings.Builder
	object := func(record string) {
		fmt.Fprintf(&b, `{"@timestamp":"2024-03-03T09:12:50.500Z","host":{"name":"gate"},"input":{"type":"log"},"log":{"file":{"path":"/var/log/audit/audit.log"}},"message":%q}`+"\n", record)
	}
	for i := range 200 {
		id := fmt.Sprintf("1709457164.120:%d", 1000+i)
		object("type=SYSCALL msg=audit(" + id + `): arch=c000003e syscall=59 success=yes pid=6 comm="id" exe="/usr/bin/id"`)
		if i%10 == 0 {
			object("type=SERVICE_START msg=audit(1709457164.121:5" + fmt.Sprint(i) + "): pid=1 uid=0 msg='unit=cron res=success'")
		}
		object("type=EXECVE msg=audit(" + id + fmt.Sprintf(`): argc=2 a0="id" a1="-%d"`, i))
		if i%7 == 0 {
			b.WriteString(`{"time":"2024-03-03T09:12:44Z","message":"something else"}` + "\n")
		}
	}
	text := b.String()
	want := ""
	for _, step := range []int{len(text) + 1, 100, 1 << 14, 50_001} {
		out := splitParse(t, JSON, text, step)
		if want == "" {
			want = dump(out)
		} else if dump(out) != want {
			t.Fatalf("blocks of %d bytes give other events", step)
		}
		if len(out.Events) != 200+20+29 {
			t.Fatalf("%d events", len(out.Events))
		}
		joined := 0
		for i := range out.Events {
			e := &out.Events[i]
			if e.Get("a0").String() == "id" && e.Get("exe").String() == "/usr/bin/id" && e.Get("log.file.path").String() != "" && strings.Count(e.Raw, "\n") == 1 {
				joined++
			}
		}
		if joined != 200 {
			t.Errorf("%d events are joined", joined)
		}
	}
}
